# Completion of roundabout-ctl(1) for bash.

_roundabout_ctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=
    ((COMP_CWORD == 0)) || prev=${COMP_WORDS[COMP_CWORD - 1]}
    # bash takes --option=value for three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]] && ((COMP_CWORD >= 2)); then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    local commands="list show purge stats reload status servers flows watch trace explain"
    local options="--socket --database --config --aor --user --server --transport --expiring
        --expired --source --call-id --full --pcap --hep --at --interval --count --all --yes --json
        --help --version"
    COMPREPLY=()
    case "$prev" in
    --socket | --database | --config | --pcap)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --transport)
        mapfile -t COMPREPLY < <(compgen -W "udp tcp tls ws wss" -- "$cur")
        return
        ;;
    --aor | --user | --server | --expiring | --source | --call-id | --hep | --at | --interval | --count)
        return
        ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
        return
    fi
    local word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word == explain ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return
        fi
        [[ " $commands " != *" $word "* ]] || return 0
    done
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
}
complete -F _roundabout_ctl roundabout-ctl
