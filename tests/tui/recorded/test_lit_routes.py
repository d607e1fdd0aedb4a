"""Which routes the graph lights of the mail sample, whose letters go one way or the other."""

from driving import SAMPLES


async def test_the_road_not_taken_is_not_lit(debug):
    async with debug(SAMPLES / "mail.py") as d:
        await d.settle()
        await d.command("goto 6")
        await d.until(lambda: d.screen.timeline.selected.seq == 6)
        targets = {edge.target for edge in d.screen.edges if edge.key in d.screen.presenter._lit}
        assert {edge.target for edge in d.screen.edges if edge.event_id == "LetterRead"} > {"MailService"}
        assert targets == {"Reader", "MailService"}
