"""`collabsheet mcp`: an agent inspects and fits workbooks below one folder, by the Model Context Protocol.

Stands on the command line, of which every tool is a command with ``--json``, and on the extra ``[mcp]``, the protocol's own SDK. You may add a tool to
`mcp_server`; what it reads and writes must lie below the folder.
"""
