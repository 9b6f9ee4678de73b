import type { Deployment, DeploymentKind, FinalStatus, StepDirection } from "../ledger/index.ts";
import type { Probe } from "../targets/index.ts";

/** What whoever watches a deployment is told, in the order in which it happens. Texts are masked already. */
export type DeployEvent =
  | {
      readonly type: "deployment_started";
      readonly deploymentId: string;
      readonly kind: DeploymentKind;
      readonly fraise: string;
      readonly environment: string;
    }
  | { readonly type: "step_started"; readonly step: string; readonly direction: StepDirection }
  | {
      readonly type: "output";
      readonly step: string;
      readonly stream: "stdout" | "stderr";
      /** Whole lines, without the last line's end. */
      readonly text: string;
    }
  | { readonly type: "probe"; readonly probe: Probe }
  | {
      readonly type: "step_finished";
      readonly step: string;
      readonly direction: StepDirection;
      readonly outcome: "success" | "failed" | "cancelled" | "skipped";
      readonly seconds: number;
      readonly message: string | null;
    }
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "recovered"; readonly deployment: Deployment; readonly step: string | null }
  | {
      readonly type: "deployment_finished";
      readonly deploymentId: string;
      readonly status: FinalStatus;
      readonly seconds: number;
      readonly message: string | null;
    };

/** Watches a deployment. Must not throw. */
export type DeployListener = (event: DeployEvent) => void;
