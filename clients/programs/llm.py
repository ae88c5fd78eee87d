"""llm: a command for one prompt; it takes a Python function as its tool, and speaks Ollama with a plugin."""

from clients.turn import Command, Program, Setting, Turn, as_json, call

PROGRAM = Program(name="llm", title="llm", registry="pip", packages=("llm==0.36", "llm-ollama==0.19.1"), command="llm")
NAME = "through-passenger"
FUNCTION = '''\
def read_note() -> str:
    """Read the note."""
    return open("note.txt").read()
'''


def _openai(setting: Setting, *, responses: bool) -> Command:
    model = {
        "model_id": NAME,
        "model_name": setting.model,
        "api_base": f"{setting.url}/v1",
        "api_key_name": "passenger",
        "supports_tools": True,
        "responses": responses,
    }
    user = setting.home / "llm"
    return Command(
        arguments=["-m", NAME, "--functions", FUNCTION, call("read_note")],
        env={"LLM_USER_PATH": str(user), "OLLAMA_HOST": setting.url},
        # JSON is YAML, too
        files={
            user / "extra-openai-models.yaml": as_json([model]),
            user / "keys.json": as_json({"passenger": setting.key}),
        },
    )


def _chat(setting: Setting) -> Command:
    return _openai(setting, responses=False)


def _responses(setting: Setting) -> Command:
    return _openai(setting, responses=True)


def _ollama(setting: Setting) -> Command:
    return Command(
        arguments=["-m", f"ollama/{setting.model}", "--functions", FUNCTION, call("read_note")],
        env={"LLM_USER_PATH": str(setting.home / "llm"), "OLLAMA_HOST": setting.url},
    )


TOLD = "a Python function as tool"
TURNS = (
    Turn(program=PROGRAM, dialect="chat", told=TOLD, command=_chat),
    Turn(program=PROGRAM, dialect="responses", told=TOLD, command=_responses),
    Turn(program=PROGRAM, dialect="ollama", told=TOLD, command=_ollama),
)
