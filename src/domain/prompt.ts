export type PromptRole = "system" | "developer" | "user" | "assistant";

/** How a rendered prompt and the client's own messages combine. */
export type PromptCombine = "prepend" | "replace_system" | "append";

export interface PromptBlock {
  readonly role: PromptRole;
  readonly text: string;
}

/** One immutable version of a prompt: `prompts/<name>/<version>.md`. */
export interface PromptFile {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the file's bytes, 64 hex digits. */
  readonly hash: string;
  readonly description: string;
  readonly combine: PromptCombine;
  /** JSON Schema of an object: the variables. Undefined: the prompt has none. */
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly modelHints: readonly string[];
  readonly blocks: readonly PromptBlock[];
}

export interface PromptMessage {
  readonly role: PromptRole;
  readonly content: string;
}

/** A prompt that is ready to be rendered; its checks and templates were compiled once. */
export interface RenderablePrompt {
  readonly file: PromptFile;
  /** Throws a Failure `invalid_prompt_variables` that names every bad one. */
  render(variables: Readonly<Record<string, unknown>>): { readonly messages: readonly PromptMessage[] };
}
