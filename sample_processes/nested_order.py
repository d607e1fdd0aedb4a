"""An order: a nested process packs it, shows its parent what is public, and keeps the rest to itself."""

from pydantic import BaseModel

from process_core import Process, ProcessBuilder, Step, StepContext, Visibility, function


class Order(BaseModel):
    """What a customer wants."""

    number: int = 1
    items: list[str] = ["lamp", "desk"]


class Shelf(BaseModel):
    """What the picker has taken from the shelf."""

    picked: list[str] = []


class Ledger(BaseModel):
    """What was shipped."""

    parcels: list[str] = []


class Intake(Step):
    """Takes the order in."""

    @function
    async def accept(self, context: StepContext, order: Order | None = None) -> None:
        """Take the order, or the example."""
        await context.emit_event("OrderAccepted", order or Order())


class Picker(Step[Shelf]):
    """Takes the items from the shelf, one at a time; nobody outside needs to know."""

    @function
    async def pick(self, context: StepContext, order: Order) -> None:
        """Pick the next item, or report that all are there."""
        missing = [item for item in order.items if item not in self.state.picked]
        if missing:
            self.state.picked.append(missing[0])
            await context.emit_event("ItemPicked", order)
        else:
            await context.emit_event("AllPicked", order)


class Packer(Step):
    """Packs the parcel and hands it to the parent process."""

    @function
    async def pack(self, context: StepContext, order: Order) -> None:
        """Pack."""
        label = f"parcel {order.number}: {', '.join(order.items)}"
        await context.emit_event("ParcelReady", label, Visibility.PUBLIC)


class Shipping(Step[Ledger]):
    """Sends the parcel."""

    @function
    async def ship(self, context: StepContext, parcel: str) -> None:
        """Ship, and announce it outside."""
        self.state.parcels.append(parcel)
        await context.yield_output(parcel)
        await context.emit_event("OrderShipped", parcel, Visibility.PUBLIC)


def build_fulfilment() -> ProcessBuilder:
    """Wire the nested process."""
    fulfilment = ProcessBuilder("Fulfilment")
    picker = fulfilment.add_step(Picker)
    packer = fulfilment.add_step(Packer)
    fulfilment.on_input_event("PackOrder").send_event_to(picker)
    picker.on_event("ItemPicked").send_event_to(picker)
    picker.on_event("AllPicked").send_event_to(packer)
    return fulfilment


def build() -> Process:
    """Wire the order."""
    process = ProcessBuilder("Order")
    intake = process.add_step(Intake)
    fulfilment = process.add_process(build_fulfilment())
    shipping = process.add_step(Shipping)

    process.on_input_event("OrderPlaced").send_event_to(intake)
    intake.on_event("OrderAccepted").send_event_to(fulfilment.where_input_event_is("PackOrder"))
    fulfilment.on_event("ParcelReady").send_event_to(shipping)
    return process.build()
