/** One commit of the demo's application. */
interface DemoVersion {
  readonly subject: string;
  readonly page: string;
  /** The HTTP status that it answers with. */
  readonly status: number;
}

/** Good, better, broken. */
export const DEMO_VERSIONS: readonly [DemoVersion, DemoVersion, DemoVersion] = [
  { subject: "Open the shop", page: "Strawberries, 3.00 a punnet", status: 200 },
  { subject: "Lower the price", page: "Strawberries, 2.50 a punnet", status: 200 },
  { subject: "Sell raspberries, too", page: "Internal Server Error: raspberries is not defined", status: 500 },
];

/** The application: answers every request with its page. */
export function demoServer({ page, status }: DemoVersion): string {
  return `import { createServer } from "node:http";

const server = createServer((request, response) => {
  console.log(request.method, request.url, ${status});
  response.writeHead(${status}, { "content-type": "text/plain" });
  response.end(${JSON.stringify(`${page}\n`)});
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening on port", process.env.PORT));
process.on("SIGTERM", () => process.exit(0));
`;
}

/** @param node the Node.js to run the application with */
export function demoConfig(node: string): string {
  return `# The demo's configuration: one fraise in one environment.
name: demo

fraises:
  shop:
    type: api
    description: A shop of one page
    environments:
      production:
        git_repo: ./repository
        branch: main
        app_path: ./app
        build:
          - [${JSON.stringify(node)}, --check, server.mjs]
        service:
          start: [${JSON.stringify(node)}, server.mjs]
          port: auto
        health_check:
          url: "http://127.0.0.1:{port}/"
          expect_body: Strawberries
          retries: 8
          interval: 0.5
          stable_for: 0.5
`;
}
