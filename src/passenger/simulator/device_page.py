"""The page at `/login/device`, where a person says yes or no to a login.

GitHub's own asks for the code to be typed. This one shows the codes that wait, each with its buttons.
"""

import html
from collections.abc import Iterable, Sequence

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Simulated GitHub: device login</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }}
body {{ max-width: 26rem; margin: 4rem auto; padding: 0 1rem; }}
code {{ font-size: 1.6rem; letter-spacing: .15em; }}
form {{ border: 1px solid; border-radius: .5rem; padding: 1rem; margin: 1rem 0; }}
button {{ font: inherit; padding: .4rem 1rem; }}
</style>
<h1>Device login</h1>
<p>This is a simulated GitHub on your own machine. Nothing here reaches github.com.</p>
{rest}
</html>
"""
FORM = """\
<form method="post">
<p><code>{code}</code></p>
<p>Compare this code with the one that your terminal shows.</p>
<input type="hidden" name="user_code" value="{code}">
{people}<button name="answer" value="yes">Authorize</button>
<button name="answer" value="no">Cancel</button>
</form>"""
NONE = "<p>No login waits here. Run <code>passenger login --simulated</code>, then load this page again.</p>"
DONE = {
    "approved": "<p role=status>Done. You can go back to your terminal.</p>",
    "denied": "<p role=status>Cancelled. Your terminal will say so.</p>",
}
UNKNOWN = "<p role=status>That code is not known, or has expired.</p>"

CONTENT_SECURITY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"


def waiting(codes: Iterable[str], people: Sequence[str] = ()) -> bytes:
    """The page with the codes that wait, and a choice of who is logged in where there are several."""
    options = "".join(f"<option>{html.escape(login)}</option>" for login in people)
    choice = f'<p><label>Logged in as <select name="login">{options}</select></label></p>\n' if people[1:] else ""
    forms = [FORM.format(code=html.escape(code), people=choice) for code in codes]
    return PAGE.format(rest="\n".join(forms) or NONE).encode()


def answered(outcome: str | None) -> bytes:
    """The page after a click; None is a code that does not wait."""
    return PAGE.format(rest=DONE.get(outcome or "", UNKNOWN)).encode()
