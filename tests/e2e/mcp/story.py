"""What test_mcp.py tells it to do, with the client in Python: told as JSON on standard input, what came of it on standard output."""
import asyncio
import json
import sys

import httpx2
import jsonschema
from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError


def server_of(told):
    if told["transport"] == "stdio":
        return StdioServerParameters(command=told["command"], args=told["args"], env=told["env"])
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {told['token']}"}, timeout=60)
    return streamable_http_client(told["url"], http_client=http)


async def call(client, schemas, name, arguments):
    try:
        result = await client.call_tool(name, arguments)
    except MCPError as e:
        return {"code": e.error.code, "message": e.error.message}
    if not result.is_error:
        jsonschema.validate(result.structured_content, schemas[name])
    return {"text": result.content[0].text, "data": result.structured_content, "error": bool(result.is_error)}


async def main():
    told = json.load(sys.stdin)
    async with Client(server_of(told), mode=told["mode"]) as client:
        tools = (await client.list_tools()).tools
        schemas = {tool.name: tool.output_schema for tool in tools}
        print(json.dumps({"version": client.protocol_version, "server": client.server_info.name, "instructions": client.instructions,
                          "tools": [tool.name for tool in tools],
                          "calls": [await call(client, schemas, name, arguments) for name, arguments in told["calls"]]}))


asyncio.run(main())
