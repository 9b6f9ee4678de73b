/** The shells that there is a completion for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** The first word of the command line by which the scripts ask for candidates. */
export const ASK = "__complete";

/** Where each script goes, for the person who asked for it. */
export const INSTALLING: Readonly<Record<Shell, string>> = {
  bash: 'To have it in every shell, add to ~/.bashrc: eval "$(fraisier completion bash)"',
  zsh: 'To have it in every shell, add to ~/.zshrc, after compinit: eval "$(fraisier completion zsh)"',
  fish: "To have it in every shell: fraisier completion fish > ~/.config/fish/completions/fraisier.fish",
};

/**
 * What a shell reads to complete `fraisier`. Candidates are taken as they are, never evaluated: their text is not ours.
 * In bash 3.2, which macOS has, there is no mapfile and no compopt.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_fraisier() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = ":files$(printf '\\t')" ]; then
      type compopt >/dev/null 2>&1 && compopt -o default
      return
    fi
    line="\${line%%$(printf '\\t')*}"
    # bash has taken what stands before the = for a word of its own.
    [ "\${line#--*=}" != "$line" ] && [ "\${COMP_WORDBREAKS#*=}" != "$COMP_WORDBREAKS" ] && line="\${line#--*=}"
    COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" ${ASK} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _fraisier fraisier
`,
  zsh: `#compdef fraisier
_fraisier() {
  local line
  local -a values shown
  for line in "\${(@f)$("\${words[1]}" ${ASK} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == :files$'\\t'* ]]; then
      _files
      return
    fi
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line%%$'\\t'*}  \${line#*$'\\t'}")
  done
  (( \${#values} )) && compadd -l -d shown -a values
}
if [[ $funcstack[1] == _fraisier ]]; then
  _fraisier "$@"
else
  compdef _fraisier fraisier
fi
`,
  fish: `function __fraisier_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l found ($words[1] ${ASK} $words[2..-1] "$current" 2>/dev/null)
  if test "$found[1]" = ":files"\\t
    __fish_complete_path "$current"
  else
    printf '%s\\n' $found
  end
end
complete -c fraisier -f -a '(__fraisier_complete)'
`,
};
