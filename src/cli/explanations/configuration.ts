import type { ConfigErrorKind } from "../../config/index.ts";
import type { Explained } from "./explanation.ts";

/** Looking something up in fraises.yaml. */
type LookupErrorKind = "fraise_not_found" | "environment_not_found";

/** What the configuration reports. */
export const CONFIGURATION_EXPLANATIONS: Readonly<Record<ConfigErrorKind | LookupErrorKind, Explained>> = {
  config_invalid: {
    meaning: "something in fraises.yaml, .env or the settings of the database is wrong",
    causes: ["a misspelt key", "a value of the wrong kind", "a variable that is not set", "two settings that disagree"],
    next: "fraisier config validate",
  },
  config_not_found: {
    meaning: "there is no fraises.yaml, or the named one is missing",
    causes: ["the working folder is outside the project", "--config or FRAISIER_CONFIG names another file"],
    next: "fraisier init",
  },
  fraise_not_found: {
    meaning: "fraises.yaml declares no fraise of that name",
    causes: ["it is misspelt", "it is declared in another project"],
    next: "fraisier list",
  },
  environment_not_found: {
    meaning: "the fraise has no environment of that name",
    causes: ["it is misspelt", "another fraise has it"],
    next: "fraisier list",
  },
};
