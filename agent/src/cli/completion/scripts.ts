import { COMPLETE, type Shell } from './shells.ts';

/** What a shell is to `source`: it asks `eastwall` itself, so that it never knows another version's commands. */
export const completionScript = (shell: Shell): string => SCRIPTS[shell];

/** Bash takes `=` for the end of a word; it is left out of what is asked. */
const BASH = `_eastwall() {
  local answer line
  COMPREPLY=()
  answer=$(eastwall ${COMPLETE} -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  while IFS=$'\\t' read -r line _; do
    case $line in
      :files) compopt -o default 2>/dev/null ;;
      ?*) COMPREPLY+=("$line") ;;
    esac
  done <<<"$answer"
}
complete -F _eastwall eastwall
`;

const ZSH = `#compdef eastwall
_eastwall() {
  local line files
  local -a candidates
  for line in "\${(@f)$(eastwall ${COMPLETE} -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) files=1 ;;
      ?*) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( $#candidates )) && _describe eastwall candidates
  [[ -n $files ]] && _files
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _eastwall "$@"; else compdef _eastwall eastwall; fi
`;

const FISH = `function __eastwall_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (eastwall ${COMPLETE} -- $words[2..] 2>/dev/null)
    if test "$line" = :files
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c eastwall -f -a '(__eastwall_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
