// The page works without this: it shows the buttons that copy a line, and looks again while a login is waited for.
"use strict";

const said = document.getElementById("said");

function select(code) {
  const range = document.createRange();
  range.selectNodeContents(code);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

// Browsers give the clipboard to pages of this machine and of TLS alone; elsewhere the old way still works.
async function copy(code) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch { /* not allowed: the old way */ }
  }
  select(code);
  return document.execCommand("copy");
}

for (const button of document.querySelectorAll("button[data-copies]")) {
  const name = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const done = await copy(document.getElementById(button.dataset.copies));
    button.textContent = done ? "Copied" : "Press Ctrl+C";
    if (said) said.textContent = button.textContent;
    setTimeout(() => { button.textContent = name; }, 2000);
  });
}

const again = document.querySelector("[data-again]");
if (again) setTimeout(() => location.reload(), 1000 * Number(again.dataset.again));

for (const left of document.querySelectorAll("[data-left]")) {
  const ends = Date.now() + 1000 * Number(left.dataset.left);
  const tell = () => {
    const seconds = Math.max(0, Math.round((ends - Date.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
  };
  tell();
  setInterval(tell, 1000);
}
