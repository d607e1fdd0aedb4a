"""Processes to draw, written as lines: `A -Event-> B`, `-start-> A` for an entry, `A -Exit-> .` for a stop."""

import random
import re

from process_core.graph import Edge, Node, SourceKind, StepKind

LINE = re.compile(
    r"^\s*(?P<source>[^\s(]*)\s*-(?P<event>.*?)->\s*(?P<target>[^\s:]+)(?::(?P<parameter>\w+))?\s*(?:\[(?P<condition>.*)\])?$"
)


def process(text, *, nested=(), maps=(), alone=()):
    """Read a process; `Outer/Step` names are nested, parameters follow the target (`Join:left`)."""
    nodes, edges = {}, []
    rows = [LINE.match(line) for line in text.strip().splitlines() if line.strip()]
    assert all(rows), text
    inputs = {}
    for row in rows:
        if row["parameter"]:
            inputs.setdefault(row["target"], []).append(row["parameter"])

    def add(path):
        if not path or path in (".", "!") or path in nodes:
            return
        scope, _, name = path.rpartition("/")
        add(scope)
        kind = StepKind.PROCESS if path in nested else StepKind.MAP if path in maps else StepKind.STEP
        wanted = tuple(dict.fromkeys(inputs.get(path, ("data",))))
        nodes[path] = Node(path, name, kind, ("work",), {"work": wanted})

    for row in rows:
        for path in (row["source"], row["target"]):
            if not path.endswith((".", "!", "/")):
                add(path)
    for path in alone:
        add(path)
    for number, row in enumerate(rows):
        source, target, event = row["source"], row["target"], row["event"]
        owner = source if source not in ("", "!") else target
        scope = owner.rpartition("/")[0]
        if source in ("", "!"):
            kind = SourceKind.PROCESS_ERROR if source else SourceKind.INPUT
            source = ""
        else:
            kind = SourceKind.RESULT if event.endswith(".OnResult") else SourceKind.EVENT
        target = "" if target.endswith(".") else target
        function = "work" if target else None
        edges.append(
            Edge(f"r{number}", scope, kind, source, event, target, function, row["parameter"], row["condition"])
        )
    order = sorted(
        nodes, key=lambda p: [list(nodes).index("/".join(p.split("/")[: i + 1])) for i in range(p.count("/") + 1)]
    )
    return [nodes[p] for p in order], edges


CHATBOT = process("""
    -startProcess-> Intro
    Intro -introduce.OnResult-> UserInput
    UserInput -Exit-> .
    UserInput -UserInputReceived-> Response
    Response -AssistantResponseGenerated-> UserInput
""")

LINE_OF_FIVE = process("""
    -start-> Fetch
    Fetch -Fetched-> Parse
    Parse -Parsed-> Check
    Check -Checked-> Store
    Store -Stored-> Notify
""")

MAIL = process("""
    -NewMail-> Read
    Read -read.OnResult-> Classify
    Classify -Classified-> Reply [kind == "question"]
    Classify -Classified-> Archive [otherwise]
    Reply -Drafted-> Send
    Send -Sent-> .
    Send -Refused-> Reply
    Archive -Archived-> .
""")

DOCUMENTS = process("""
    -Requested-> Gather
    Gather -Gathered-> Outline
    Gather -Gathered-> Facts
    Gather -Gathered-> Images
    Outline -Ready-> Write:outline
    Facts -Ready-> Write:facts
    Images -Ready-> Write:images
    Write -Draft-> Review
    Review -Rejected-> Write:outline
    Review -Approved-> Publish
    Publish -Published-> .
""")

NESTED = process(
    """
    -PlaceOrder-> Validate
    Validate -Valid-> Payment
    Validate -Invalid-> Refuse
    -Pay-> Payment/Reserve
    Payment/Reserve -Reserved-> Payment/Charge
    Payment/Charge -Declined-> Payment/Reserve
    Payment/Charge -Charged-> Payment/Receipt
    Payment -Paid-> Ship
    Payment -Failed-> Refuse
    Ship -Shipped-> .
    Refuse -Refused-> .
""",
    nested=("Payment",),
)

FAN = process("""
    -Go-> Split
    Split -Part-> Work1
    Split -Part-> Work2
    Split -Part-> Work3
    Split -Part-> Work4
    Split -Part-> Work5
    Split -Part-> Work6
    Work1 -Done-> Merge:a
    Work2 -Done-> Merge:b
    Work3 -Done-> Merge:c
    Work4 -Done-> Merge:d
    Work5 -Done-> Merge:e
    Work6 -Done-> Merge:f
    Merge -Merged-> .
""")

MACHINE = process("""
    -Boot-> Idle
    -Alarm-> Fault
    Idle -Coin-> Ready
    Ready -Push-> Turning
    Turning -Turned-> Idle
    Ready -Timeout-> Idle
    Ready -Refund-> Idle
    Turning -Jam-> Fault
    Fault -Reset-> Idle
    Fault -Retry-> Fault
    Idle -Ping-> Idle
    Fault -Dead-> .
    !-OnError-> Fault
""")

LOOPS = process("""
    -start-> Plan
    Plan -Planned-> Act
    Act -Acted-> Observe
    Observe -Observed-> Judge
    Judge -Again-> Act
    Judge -Replan-> Plan
    Judge -Good-> Answer
    Act -Retry-> Act
    Act -ToolMissing-> Plan
    Answer -Answered-> .
    Judge -GiveUp-> .
""")

DEEP = process(
    """
    -Start-> Intake
    Intake -Accepted-> Plant
    -Build-> Plant/Cut
    Plant/Cut -CutDone-> Plant/Line
    -Weld-> Plant/Line/Robot
    Plant/Line/Robot -Welded-> Plant/Line/Inspect
    Plant/Line/Inspect -Bad-> Plant/Line/Robot
    Plant/Line -LineDone-> Plant/Paint
    Plant -Built-> Deliver
    Deliver -Delivered-> .
""",
    nested=("Plant", "Plant/Line"),
)


def pipeline(steps, *, seed=7, extra=0.35, loops=0.08):
    """A process-like graph: mostly local routes, some skips, some loops, every step reached."""
    chance = random.Random(seed)
    names = [f"Step{n:02d}" for n in range(steps)]
    lines = [f"-start-> {names[0]}"]
    for n in range(1, steps):
        source = names[max(0, n - chance.choice((1, 1, 1, 2, 2, 3)))]
        lines.append(f"{source} -Ev{n}-> {names[n]}")
    for k in range(int(steps * extra)):
        a = chance.randrange(steps - 2)
        b = min(steps - 1, a + chance.choice((2, 2, 3, 4, 6)))
        lines.append(f"{names[a]} -Ex{k}-> {names[b]}")
    for k in range(int(steps * loops)):
        b = chance.randrange(steps - 2)
        a = min(steps - 1, b + chance.choice((0, 1, 2, 3, 5)))
        lines.append(f"{names[a]} -Back{k}-> {names[b]}")
    lines.append(f"{names[-1]} -Finished-> .")
    return process("\n".join(lines))


ORDERS = process("""
    -OrderPlaced-> Receive
    Receive -Received-> CheckStock
    Receive -Received-> CheckCredit
    Receive -Received-> CheckAddress
    CheckStock -InStock-> Reserve
    CheckStock -OutOfStock-> Backorder
    Backorder -Restocked-> Reserve
    Backorder -TooLong-> Cancel
    CheckCredit -CreditOk-> Approve:credit
    CheckCredit -CreditBad-> Cancel
    CheckAddress -AddressOk-> Approve:address
    CheckAddress -AddressBad-> AskCustomer
    AskCustomer -Answered-> CheckAddress
    AskCustomer -Silent-> Cancel
    Reserve -Reserved-> Approve:stock
    Approve -Approved-> Pack
    Approve -Approved-> Invoice
    Pack -Packed-> Ship
    Invoice -Paid-> Ship
    Invoice -Unpaid-> Remind
    Remind -Reminded-> Invoice
    Ship -Shipped-> Track
    Track -Lost-> Claim
    Claim -Resend-> Pack
    Track -Arrived-> Survey
    Survey -Done-> .
    Cancel -Cancelled-> Refund
    Refund -Refunded-> .
    !-OnError-> Cancel
""")

CASES = {
    "chatbot": CHATBOT,
    "line": LINE_OF_FIVE,
    "mail": MAIL,
    "documents": DOCUMENTS,
    "nested": NESTED,
    "fan": FAN,
    "machine": MACHINE,
    "loops": LOOPS,
    "deep": DEEP,
    "orders": ORDERS,
    "steps30": pipeline(30, seed=3),
    "steps60": pipeline(60, seed=11),
}
