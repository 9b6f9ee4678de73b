/**
 * Starts a process by the launcher and is killed (kill -9) at the very moment at which it would let it begin:
 * `node die-before-answer.ts <pid file> <file that the command would create>`.
 */
import { Socket } from "node:net";
import { launch } from "../../../src/targets/local/launcher.ts";

const [pidFile = "", proof = ""] = process.argv.slice(2);
Socket.prototype.end = () => process.kill(process.pid, "SIGKILL") as never;
await launch({ argv: ["touch", proof], cwd: "/", env: { PATH: "/usr/bin:/bin" }, pidFile, output: "stream" });
