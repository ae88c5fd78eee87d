from passenger.chat import Message, Prompt, Text
from passenger.dialects.messages.attribution import BEGINNING, NAME, without_attribution

LINE = Text(f"{BEGINNING} cc_version=2.1.330.363; cc_entrypoint=cli;")
RULES, GO = Text("be brief"), Message("user", (Text("go"),))


def test_the_line_is_left_out_of_the_prompt_and_named() -> None:
    prompt = without_attribution(Prompt("m", (Message("system", (LINE, RULES)), GO), dropped=("seed",)))
    assert prompt == Prompt("m", (Message("system", (RULES,)), GO), dropped=("seed", NAME))


def test_where_it_is_all_that_the_system_says_nothing_of_it_is_left() -> None:
    assert without_attribution(Prompt("m", (Message("system", (LINE,)), GO))).messages == (GO,)


def test_words_about_it_and_what_others_say_stay() -> None:
    for said in ((Message("system", (Text(f"Never write {BEGINNING}"),)), GO), (Message("user", (LINE,)),), (GO,)):
        prompt = Prompt("m", said)
        assert without_attribution(prompt) is prompt
