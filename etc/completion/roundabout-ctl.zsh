#compdef roundabout-ctl
# Completion of roundabout-ctl(1) for zsh.

local -a networks=(udp tcp tls ws wss)
local -a commands=(
    'list:the registered bindings that meet every condition'
    'show:all about one binding, or those of an address-of-record'
    'purge:end bindings'
    'stats:all counters'
    'reload:have the proxy take up its configuration file'
    'status:how the proxy is'
    'servers:where the trusted servers are, and whether they answer'
    'flows:open connections, and whose registrations they carry'
    'watch:status and what happens a second, again and again'
    'trace:messages as they come and leave, with what the proxy changed'
    'explain:what would become of a SIP request'
)
local context state state_descr line
typeset -A opt_args
_arguments \
    '--socket=[control socket of the running proxy]:socket:_files' \
    '--database=[database file, used when the proxy is down]:file:_files' \
    '--config=[configuration of the proxy, which names both]:file:_files' \
    '--aor=[of this address-of-record]:URI:' \
    '--user=[the user of the address-of-record or of the Contact]:user:' \
    '--server=[granted by this trusted server]:name:' \
    "--transport=[by this transport]:transport:($networks)" \
    '--expiring=[that end within this time]:seconds:' \
    '--expired[past their expiry]' \
    '--source=[trace: from or to this address; explain: where the request comes from]:address:' \
    '--call-id=[trace: of this Call-ID]:Call-ID:' \
    '--full[trace: whole messages]' \
    '--pcap=[trace: write them as UDP packets]:file:_files' \
    '--hep=[trace: send them to this collector]:address:' \
    '--at=[explain: the listener]:address:' \
    '--interval=[watch: from one look to the next]:seconds:' \
    '--count=[watch: end after so many]:number:' \
    '--all[purge: every binding]' \
    '--yes[purge --all: do not ask]' \
    '--json[a JSON object a line]' \
    '(- *)--help[print all commands and options and end]' \
    '(- *)--version[print the version and end]' \
    '1:command:->command' \
    '*:file:_files'
[[ $state != command ]] || _describe command commands
