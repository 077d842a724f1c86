#compdef roundabout
# Completion of roundabout(8) for zsh. Each flag may have one dash or two.

local -a networks=(udp tcp tls ws wss)
_arguments \
    '(-config --config)'{-,--}config='[the configuration, TOML]:file:_files' \
    '(-check --check)'{-,--}check'[check the configuration, print it with all defaults, and end]' \
    '(-take-over --take-over)'{-,--}take-over'[take the place of the running process]' \
    '(- *)'{-,--}version'[print the version and end]' \
    '(- *)'{-,--}help'[print all flags and end]' \
    '*'{-,--}local-ip='[its addresses]:address,...:' \
    '*'{-,--}local-fqdn='[its domain names]:name,...:' \
    '(-contact-header-fqdn --contact-header-fqdn)'{-,--}contact-header-fqdn'[show that name]' \
    '(-tls-cert --tls-cert)'{-,--}tls-cert='[certificate chain for TLS and WSS]:file:_files' \
    '(-tls-key --tls-key)'{-,--}tls-key='[its private key]:file:_files' \
    '*'{-,--}trusted-server='[servers]:IP\:FQDNS\:PORT\:NETWORK\:ROUTES,...:' \
    '(-default-sip-server --default-sip-server)'{-,--}default-sip-server='[for ours]:IP:' \
    '(-strict-host --strict-host)'{-,--}strict-host'[Request-URIs must name known servers]' \
    '(-default-network --default-network)'{-,--}default-network="[to others]:network:($networks)" \
    '(-strict-client --strict-client)'{-,--}strict-client'[REGISTER from trusted clients only]' \
    '*'{-,--}trusted-client-ip='[those clients]:IP[/BITS],...:' \
    '(-trusted-client-mask --trusted-client-mask)'{-,--}trusted-client-mask='[IPv4]:bits:' \
    '(-ack-ruri --ack-ruri)'{-,--}ack-ruri'[ACK goes by its Request-URI]' \
    '(-csr --csr)'{-,--}csr'[write a certificate signing request and end]' \
    '(-csr-cn --csr-cn)'{-,--}csr-cn='[common name]:name:' \
    '*'{-,--}csr-san='[alternative names]:name,...:' \
    '(-csr-c --csr-c)'{-,--}csr-c='[country, two letters]:country:' \
    '(-csr-p --csr-p)'{-,--}csr-p='[state or province]:text:' \
    '(-csr-l --csr-l)'{-,--}csr-l='[locality]:text:' \
    '(-csr-o --csr-o)'{-,--}csr-o='[organization]:text:' \
    '(-csr-ou --csr-ou)'{-,--}csr-ou='[organizational unit]:text:' \
    '(-new-key --new-key)'{-,--}new-key='[make the key too]:kind:(ec rsa)'
