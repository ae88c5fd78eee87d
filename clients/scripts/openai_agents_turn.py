"""OpenAI Agents SDK: a function reads the note, while the server keeps the conversation, in two ways."""

import asyncio
import os
from pathlib import Path

from agents import Agent, OpenAIConversationsSession, RunConfig, Runner, function_tool, set_tracing_disabled
from agents.models.openai_responses import OpenAIResponsesModel
from openai import AsyncOpenAI

NOTE = Path("note.txt").read_text().strip()


@function_tool
def read_note() -> str:
    """Read the note."""
    return NOTE


async def main() -> None:
    """Ask, and ask again after what the server has kept."""
    set_tracing_disabled(disabled=True)
    client = AsyncOpenAI(
        base_url=f"{os.environ['URL']}/v1", api_key=os.environ["KEY"], max_retries=int(os.environ["RETRIES"])
    )
    model = OpenAIResponsesModel(os.environ["MODEL"], client)
    agent = Agent(name="reader", model=model, tools=[read_note])
    config = RunConfig(tracing_disabled=True)

    first = await Runner.run(agent, os.environ["PROMPT"], auto_previous_response_id=True, run_config=config)
    again = await Runner.run(agent, "and now?", previous_response_id=first.last_response_id, run_config=config)
    print(first.final_output, again.final_output, sep="\n")

    session = OpenAIConversationsSession(openai_client=client)
    kept = await Runner.run(agent, os.environ["PROMPT"], session=session, run_config=config)
    items = await session.get_items()
    if not any(NOTE in str(item) for item in items):
        raise SystemExit(f"the conversation has not what the tool said: {items}")
    print(kept.final_output)

    conversation = await client.conversations.create()
    whole = await Runner.run(agent, os.environ["PROMPT"], conversation_id=conversation.id, run_config=config)
    print(whole.final_output)


asyncio.run(main())
