/** Shells that there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof SHELLS)[number]

/** The script that a shell reads once: from then on it asks the program, `PROGRAM __complete WORD…`, what may follow. */
export function writeCompletionScript(shell: Shell, program: string): string {
  const name = `_${program.replaceAll('-', '_')}`
  return SCRIPTS[shell](program, name)
}

const SCRIPTS: Readonly<Record<Shell, (program: string, name: string) => string>> = {
  bash: (program, name) => `# bash: source <(${program} completion bash)
${name}() {
  # Bash ends words at = and : too; the program wants them as they are written.
  local line=\${COMP_LINE:0:COMP_POINT} words=() answer directive current lead candidate
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current=\${words[\${#words[@]} - 1]}
  answer=$("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null) || return
  directive=\${answer##*:}
  lead=\${current%"\${current##*[=:]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    [[ $candidate == :* ]] || COMPREPLY+=("\${candidate#"$lead"}")
  done <<<"$answer"
  ((directive & 2)) && compopt -o nospace
  ((directive & 4)) || compopt -o default
}
complete -F ${name} ${program}
`,
  zsh: (program, name) => `#compdef ${program}
# zsh: source <(${program} completion zsh), after compinit; or save it as _${program} in a folder of $fpath
${name}() {
  local line directive
  local -a lines candidates
  lines=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    if [[ $line == :* ]]; then
      directive=\${line#:}
    else
      # _describe ends a candidate at the first colon that is not escaped.
      candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  if ((directive & 2)); then
    _describe -V ${program} candidates -S ''
  elif (($#candidates)); then
    _describe -V ${program} candidates
  fi
  ((directive & 4)) || _files
}
if [[ $funcstack[1] == _${program} ]]; then
  ${name} "$@"
else
  compdef ${name} ${program}
fi
`,
  fish: (program, name) => `# fish: ${program} completion fish | source
function ${name}
  set --local words (commandline --tokenize --cut-at-cursor --current-process)
  set --local lines ($words[1] __complete $words[2..-1] (commandline --current-token --cut-at-cursor) 2>/dev/null)
  set --local directive (string replace : '' -- $lines[-1])
  printf '%s\\n' $lines[1..-2]
  if test "$directive" = 0
    __fish_complete_path (commandline --current-token --cut-at-cursor)
  end
end
complete --command ${program} --no-files --arguments '(${name})'
`,
}
