"""curl's options: which take a value, which change nothing in process, and what to write for those that are refused.

What lives here: tables. What must not: reading a command (``curl_line.py``).
"""

from __future__ import annotations

__all__ = ["DATA", "ELSEWHERE", "OPERATORS", "PASSED_OVER", "SHORT", "VALUED", "VALUE_PASSED_OVER"]

# Long spellings of the short options.
SHORT = {
    "X": "--request",
    "H": "--header",
    "d": "--data",
    "F": "--form",
    "u": "--user",
    "b": "--cookie",
    "A": "--user-agent",
    "e": "--referer",
    "G": "--get",
    "I": "--head",
    "L": "--location",
    "k": "--insecure",
    "s": "--silent",
    "S": "--show-error",
    "i": "--include",
    "v": "--verbose",
    "f": "--fail",
    "m": "--max-time",
    "g": "--globoff",
    "N": "--no-buffer",
    "#": "--progress-bar",
    "4": "--ipv4",
    "6": "--ipv6",
    "0": "--http1.0",
    "o": "--output",
    "O": "--remote-name",
    "w": "--write-out",
    "c": "--cookie-jar",
    "T": "--upload-file",
}
DATA = {"--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode", "--json"}
# Options whose value says how a network is crossed or where the answer is put: nothing of it happens in process.
VALUE_PASSED_OVER = {
    "--output",
    "--write-out",
    "--cookie-jar",
    "--connect-timeout",
    "--retry",
    "--retry-delay",
    "--max-redirs",
    "--limit-rate",
}
VALUED = {
    *DATA,
    *VALUE_PASSED_OVER,
    "--request",
    "--header",
    "--form",
    "--form-string",
    "--user",
    "--oauth2-bearer",
    "--cookie",
    "--user-agent",
    "--referer",
    "--max-time",
    "--url",
    "--url-query",
    "--upload-file",
}
PASSED_OVER = {
    "--insecure",
    "--silent",
    "--show-error",
    "--include",
    "--compressed",
    "--globoff",
    "--no-buffer",
    "--progress-bar",
    "--no-progress-meter",
    "--ipv4",
    "--ipv6",
    "--http1.0",
    "--http1.1",
    "--http2",
    "--http3",
    "--fail",
    "--fail-with-body",
    "--basic",
    "--remote-name",
    "--path-as-is",
    "--tr-encoding",
}
ELSEWHERE = {
    "--expect": "Write --expect in front of --curl.",
    "--show": "Write --show in front of --curl.",
    "--next": "Write each request as a curl line of its own, with ### between them in a %%http cell.",
    "--config": "Write its options here.",
    "--digest": "The app in the notebook is asked directly; test the login with  -u ada:secret",
}
# What stands between the commands of a shell.
OPERATORS = {"|", "||", "&&", "&", ">", ">>", "<", "2>&1"}
