"""HAProxy keeps new connections waiting until a PostgreSQL server serves; by itself it would close them at once.

For clients that cannot well take a refusal: a pooler that was refused once refuses its own clients in turn. Before a
connection goes on, the same way is tried: a request for GSSAPI encryption, which every PostgreSQL server answers with
one byte before anything else, and which leaves no line in its log when nothing follows (PostgreSQL documentation,
"Message Flow").
"""

from __future__ import annotations

FILE = "wait.lua"
"""In HAProxy's working directory."""

SCRIPT = r"""
local GSSENC_REQUEST = "\0\0\0\8\4\210\22\48"
local BETWEEN_TRIES_MS = 100

local function is_served(address, port)
  local try = core.tcp()
  try:settimeout(2)
  local answered = try:connect(address, port) and try:send(GSSENC_REQUEST) and try:receive(1)
  try:close()
  return answered
end

core.register_action("wait_until_served", {"tcp-req"}, function(_, address, port)
  while not is_served(address, tonumber(port)) do
    core.msleep(BETWEEN_TRIES_MS)
  end
end, 2)
"""


def rules(address: str, port: int) -> list[str]:
    """Lines of a frontend that keeps connections until they would be served at this address.

    A client that gives up is noticed when it is let through.
    """
    return ["tcp-request inspect-delay 1h", f"tcp-request content lua.wait_until_served {address} {port}"]
