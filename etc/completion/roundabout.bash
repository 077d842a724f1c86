# Completion of roundabout(8) for bash.

_roundabout() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=
    ((COMP_CWORD == 0)) || prev=${COMP_WORDS[COMP_CWORD - 1]}
    # bash takes --flag=value for three words.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]] && ((COMP_CWORD >= 2)); then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    local values="config tls-cert tls-key default-network new-key local-ip local-fqdn trusted-server
        default-sip-server trusted-client-ip trusted-client-mask csr-cn csr-san csr-c csr-p csr-l
        csr-o csr-ou"
    local switches="check take-over version help contact-header-fqdn strict-host strict-client ack-ruri csr"
    local flag=
    [[ $prev != -* ]] || flag=${prev#-}
    flag=${flag#-}
    COMPREPLY=()
    case "$flag" in
    config | tls-cert | tls-key)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    default-network)
        mapfile -t COMPREPLY < <(compgen -W "udp tcp tls ws wss" -- "$cur")
        return
        ;;
    new-key)
        mapfile -t COMPREPLY < <(compgen -W "ec rsa" -- "$cur")
        return
        ;;
    esac
    # Of other values we know nothing.
    local -a words
    read -r -d '' -a words <<<"$values"
    [[ -z $flag || " ${words[*]} " != *" $flag "* ]] || return 0
    local dashes=-
    [[ $cur != --* ]] || dashes=--
    read -r -d '' -a words <<<"$values $switches"
    mapfile -t COMPREPLY < <(compgen -W "${words[*]/#/$dashes}" -- "$cur")
}
complete -F _roundabout roundabout
