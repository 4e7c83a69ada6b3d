"""`sensorium completion`: what a shell needs to complete commands, options and filters."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from textwrap import shorten

import click
from click.shell_completion import CompletionItem, ShellComplete, add_completion_class

from engine.commands.options import say
from engine.common.atomic_write import write_text
from engine.errors import UsageError

VARIABLE = "_SENSORIUM_COMPLETE"
"""The environment variable by which the scripts ask for completions."""
_LINE = "_SENSORIUM_LINE"
"""The environment variable that has what was typed, up to the cursor."""
_SHOWN = 60
"""Characters of the help beside a completion."""

_BASH = """\
# Completion of sensorium for bash: sensorium completion bash --install
_sensorium_completion() {
    local line value
    COMPREPLY=()
    while IFS= read -r line; do
        value="${line#*,}"
        case "${line%%,*}" in
            file) compopt -o default 2>/dev/null ;;
            dir) compopt -o dirnames 2>/dev/null ;;
            *)
                COMPREPLY+=("$value")
                case "$value" in *[:=./]) compopt -o nospace 2>/dev/null ;; esac
                ;;
        esac
    done < <(_SENSORIUM_LINE="${COMP_LINE:0:$COMP_POINT}" _SENSORIUM_BREAKS="$COMP_WORDBREAKS" \\
        _SENSORIUM_COMPLETE=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -F _sensorium_completion sensorium 2>/dev/null \\
    || complete -o default -F _sensorium_completion sensorium
"""
_ZSH = """\
#compdef sensorium
# Completion of sensorium for zsh: sensorium completion zsh --install
_sensorium() {
    local line rest value
    local -a answers open opened closed shown
    answers=("${(@f)$(_SENSORIUM_LINE="${(j: :)words[1,CURRENT]}" \\
        _SENSORIUM_COMPLETE=zsh_complete $words[1] 2>/dev/null)}")
    for line in $answers; do
        rest="${line#*,}"
        value="${rest%%$'\\t'*}"
        case "${line%%,*}" in
            file) _files ;;
            dir) _files -/ ;;
            plain)
                if [[ $value == *[:=./] ]]; then
                    open+=("$value"); opened+=("${rest/$'\\t'/  -- }")
                else
                    closed+=("$value"); shown+=("${rest/$'\\t'/  -- }")
                fi
                ;;
        esac
    done
    (( $#open )) && compadd -U -V open -S '' -d opened -a open
    (( $#closed )) && compadd -U -V closed -d shown -a closed
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _sensorium "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _sensorium sensorium
fi
"""
_FISH = """\
# Completion of sensorium for fish: sensorium completion fish --install
function __sensorium_complete
    set -l typed (commandline -cp | string collect)
    for line in (_SENSORIUM_LINE=$typed _SENSORIUM_COMPLETE=fish_complete sensorium 2>/dev/null)
        set -l parts (string split -m1 , -- $line)
        switch $parts[1]
            case file dir
                set -l file (string escape --no-quoted -- $parts[2] | string replace '\\~' '~')
                complete --do-complete "'' $file"
            case '*'
                echo $parts[2]
        end
    end
end
complete --no-files --command sensorium --arguments '(__sensorium_complete)'
"""


def split_line(line: str) -> tuple[list[str], str, str]:
    """Split what was typed up to the cursor into arguments, the one being typed, and its quote.

    Returns:
        the arguments before, the one that is being typed, and the quote that is open in it.
    """
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    try:
        words.extend(lexer)
    except ValueError:  # a quote, or a backslash at the end
        return words[1:], lexer.token, "" if line.endswith("\\") else _open_quote(lexer)
    if not words or line[-1:].isspace():
        words.append("")
    return words[1:-1], words[-1] if len(words) > 1 else "", ""


def _open_quote(lexer: shlex.shlex) -> str:
    """Return the quote in which a line ended, which typeshed does not know that lexers have."""
    return str(getattr(lexer, "state", ""))


class _Shell(ShellComplete):
    """Completions for a script that gives the line as it was typed."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the arguments that are complete, and the one that is being typed."""
        args, self._typed, self._quote = split_line(os.environ.get(_LINE, "sensorium "))
        return args, self._typed

    def format_completion(self, item: CompletionItem) -> str:
        """Return a line: what is completed, the word, and after a tab what it means."""
        says = f"\t{shorten(item.help, _SHOWN, placeholder=' ...')}" if item.help else ""
        return f"{item.type},{item.value}{says}"


class _Zsh(_Shell):
    """Completions of zsh."""

    name = "zsh"
    source_template = _ZSH


class _Fish(_Shell):
    """Completions of fish."""

    name = "fish"
    source_template = _FISH


class _Bash(_Shell):
    """Completions of bash, which takes words as they stand on the line, from a break on."""

    name = "bash"
    source_template = _BASH

    def format_completion(self, item: CompletionItem) -> str:
        """Return the rest of the word, quoted as the shell needs it."""
        value = str(item.value)
        if self._quote == '"':
            value = "".join(f"\\{c}" if c in '"$`\\' else c for c in value)
        elif not self._quote:
            breaks = os.environ.get("_SENSORIUM_BREAKS", ":=")
            typed = self._typed
            last = max((typed.rfind(c) for c in ":=" if c in breaks), default=-1)
            value = (
                value[last + 1 :] if value.lower().startswith(typed[: last + 1].lower()) else value
            )
            value = "".join(f"\\{c}" if c in " \t\"'\\$`&|;<>()*?#!" else c for c in value)
        return f"{item.type},{value}"


_SHELLS: dict[str, type[_Shell]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def register() -> None:
    """Let click answer the scripts of this module."""
    for shell in _SHELLS.values():
        add_completion_class(shell)


@click.command()
@click.argument("shell", required=False, type=click.Choice(tuple(_SHELLS)))
@click.option("--install", is_flag=True, help="Write it where the shell finds it from now on.")
def completion(shell: str | None, install: bool) -> None:
    """Print what a SHELL needs to complete commands, options, filters, tags and taught names.

    For this shell: `source <(sensorium completion bash)`, for zsh the same, and in fish
    `sensorium completion fish | source`. With --install, for each that is opened.
    """
    name = shell or _shell_of_user()
    script = _SHELLS[name].source_template
    if not install:
        click.echo(script, nl=False)
        return
    file = _file_of(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text(file, script)
    click.echo(f"wrote {file}")
    if (start := _start_file(name)) is not None:
        _add_line(start, file)
    say(f"open a new {name}, or type: source {shlex.quote(str(file))}")


def _shell_of_user() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in _SHELLS:
        raise UsageError("say which shell: sensorium completion bash, zsh or fish")
    return name


def _file_of(shell: str) -> Path:
    """Return where the script of a shell goes; fish finds it there by itself."""
    if shell == "fish":
        config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return Path(config) / "fish" / "completions" / "sensorium.fish"
    from platformdirs import user_data_path

    return user_data_path("sensorium") / f"completion.{shell}"


def _start_file(shell: str) -> Path | None:
    """Return the file that a shell reads when it starts; None where it needs no line."""
    if shell == "zsh":
        return Path(os.environ.get("ZDOTDIR") or Path.home()) / ".zshrc"
    if shell == "bash":
        return Path.home() / (".bash_profile" if sys.platform == "darwin" else ".bashrc")
    return None


def _add_line(start: Path, file: Path) -> None:
    """Add the line that reads the script to a shell's own file, once."""
    place = shlex.quote(str(file))
    line = f"[ -r {place} ] && . {place}  # completion of sensorium\n"
    before = start.read_text(errors="surrogateescape") if start.exists() else ""
    if line in before:
        return
    with start.open("a") as stream:
        stream.write(line if before.endswith("\n") or not before else f"\n{line}")
    click.echo(f"added a line to {start}")
