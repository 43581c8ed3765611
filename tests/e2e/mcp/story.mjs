// What test_mcp.py tells it to do, with the clients in JavaScript: told as JSON on standard input, what came of it on standard output. MCP_MODULES: where they are installed.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const from = createRequire(process.env.MCP_MODULES + '/package.json');
const load = (name) => import(pathToFileURL(from.resolve(name)).href);

const text = await new Promise((resolve) => {
	let all = '';
	process.stdin.on('data', (piece) => { all += piece; }).on('end', () => resolve(all));
});
const { client: kind, transport, mode, url, token, command, args, env, calls } = JSON.parse(text);

async function parts() {
	if (kind === 'sdk')
		return [(await load('@modelcontextprotocol/sdk/client/index.js')).Client,
			(await load('@modelcontextprotocol/sdk/client/streamableHttp.js')).StreamableHTTPClientTransport,
			(await load('@modelcontextprotocol/sdk/client/stdio.js')).StdioClientTransport];
	const all = await load('@modelcontextprotocol/client');
	return [all.Client, all.StreamableHTTPClientTransport, (await load('@modelcontextprotocol/client/stdio')).StdioClientTransport];
}

const [Client, Http, Stdio] = await parts();
const client = new Client({ name: 'story', version: '1' }, mode === 'auto' ? { versionNegotiation: { mode: 'auto' } } : undefined);
await client.connect(transport === 'http'
	? new Http(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } })
	: new Stdio({ command, args, env, stderr: 'inherit' }));

const told = {
	version: client.getNegotiatedProtocolVersion?.() ?? null,
	server: client.getServerVersion()?.name ?? null,
	instructions: client.getInstructions() ?? null,
	tools: (await client.listTools()).tools.map((tool) => tool.name), // from here on results are checked against the output schemas
	calls: [],
};
for (const [name, given] of calls) {
	try {
		const result = await client.callTool({ name, arguments: given });
		told.calls.push({ text: result.content[0].text, data: result.structuredContent ?? null, error: result.isError ?? false });
	} catch (e) {
		told.calls.push({ code: e.code ?? null, message: String(e.message) });
	}
}
await client.close();
console.log(JSON.stringify(told));
