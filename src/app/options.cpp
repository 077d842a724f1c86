#include "app/options.hpp"

#include <boost/program_options.hpp>

#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace roundabout::app {
namespace {

namespace po = boost::program_options;

constexpr std::string_view usage =
    R"(usage: roundabout --config FILE [FLAG...]
       roundabout FLAG...
       roundabout -csr -csr-cn NAME [-csr-... VALUE...] [-tls-key FILE] [--new-key ec|rsa]

Each flag may be written with one dash or two. Beside a file they win over it; alone they
mean, where absent, what is said here, and UDP and TCP 5060, TLS 5061, WS 80 and WSS 443
are listened at where they can be had. See roundabout(8).

)";

auto word(std::optional<std::string>& into, const char* what) {
    return po::value<std::string>()->value_name(what)->notifier(
        [&into](const std::string& value) { into = value; });
}

auto words(std::vector<std::string>& into, const char* what) {
    return po::value(&into)->value_name(what)->composing();
}

/// The words of -csr and its neighbours.
struct RequestWords {
    bool wanted = false;
    csr::Order order;
};

po::options_description request_options(RequestWords& words) {
    po::options_description group("certificate signing request, written to standard output");
    auto add = group.add_options();
    csr::Subject& subject = words.order.subject;
    const auto field = [](std::string& into) { return po::value(&into)->value_name("TEXT"); };
    add("csr", po::bool_switch(&words.wanted), "make one for the key of -tls-key, and end");
    add("csr-cn", field(subject.common_name), "common name");
    add("csr-san", po::value(&subject.alternative_names)->value_name("NAME,...")->composing(),
        "alternative names: host names and addresses; absent: the common name");
    add("csr-c", field(subject.country), "country, two letters");
    add("csr-p", field(subject.province), "state or province");
    add("csr-l", field(subject.locality), "locality");
    add("csr-o", field(subject.organization), "organization");
    add("csr-ou", field(subject.unit), "organizational unit");
    add("new-key", po::value(&words.order.new_key)->value_name("ec|rsa"),
        "make the key too, where there is none yet");
    return group;
}

po::options_description known_options(Options& options, RequestWords& request) {
    po::options_description general("general");
    auto add = general.add_options();
    add("config", po::value(&options.config_file)->value_name("FILE"), "the configuration, TOML");
    add("check", po::bool_switch(&options.check),
        "check the configuration, print it as TOML with all defaults, and end");
    add("take-over", po::bool_switch(&options.take_over),
        "take the place of the running process: its sockets, its database, its name");
    add("version", "print the version and end");
    add("help", "print this and end");
    config::Flags& flags = options.flags;
    po::options_description ours("this proxy");
    add = ours.add_options();
    add("local-ip", words(flags.local_ip, "IP,..."),
        "its addresses, which it listens at and sends from; absent: all of the machine's");
    add("local-fqdn", words(flags.local_fqdn, "NAME,..."), "its domain names");
    add("contact-header-fqdn", po::bool_switch(&flags.contact_header_fqdn),
        "show others the first of those names instead of an address");
    add("tls-cert", word(flags.tls_cert, "FILE"), "certificate chain for TLS and WSS, PEM");
    add("tls-key", word(flags.tls_key, "FILE"), "its private key, PEM");
    po::options_description whom("whom it serves");
    add = whom.add_options();
    add("trusted-server", words(flags.trusted_server, "IP:FQDNS:PORT:NETWORK:ROUTES,..."),
        "servers; several FQDNs or routes between '/', IPv6 in brackets; any field may be empty");
    add("default-sip-server", word(flags.default_sip_server, "IP"),
        "the one of them that gets what names this proxy itself");
    add("strict-host", po::bool_switch(&flags.strict_host),
        "R-URI hosts must be known servers; absent: relay to any host");
    add("default-network", word(flags.default_network, "NETWORK"),
        "udp, tcp, tls, ws or wss: towards such hosts; absent: tcp");
    add("strict-client", po::bool_switch(&flags.strict_client),
        "REGISTER from trusted clients only; absent: from anywhere");
    add("trusted-client-ip", words(flags.trusted_client_ip, "IP[/BITS],..."), "those clients");
    add("trusted-client-mask", word(flags.trusted_client_mask, "BITS"),
        "of IPv4 addresses that name none of their own; absent: 24");
    add("ack-ruri", po::bool_switch(&flags.ack_ruri),
        "ACK goes by its Request-URI; absent: by its To");
    po::options_description all;
    all.add(general).add(ours).add(whom).add(request_options(request));
    return all;
}

std::vector<std::string> split(const std::vector<std::string>& words) {
    std::vector<std::string> parts;
    for (const std::string& each : words) {
        std::istringstream rest(each);
        for (std::string part; std::getline(rest, part, ',');)
            parts.push_back(part);
    }
    return parts;
}

/// The first of the flags for requests that is there without -csr.
std::string stray_request_flag(const po::variables_map& values) {
    for (const auto& [name, value] : values) {
        if (!value.defaulted() && (name.starts_with("csr-") || name == "new-key"))
            return name;
    }
    return {};
}

} // namespace

std::variant<Options, Ending> parse_options(int argc, const char* const* argv) {
    Options options;
    RequestWords request;
    const po::options_description known = known_options(options, request);
    try {
        using Style = po::command_line_style::style_t;
        constexpr int style = Style::allow_long | Style::long_allow_adjacent |
                              Style::long_allow_next | Style::allow_long_disguise;
        po::variables_map values;
        po::store(
            po::command_line_parser(argc, argv).options(known).positional({}).style(style).run(),
            values);
        po::notify(values);
        if (values.contains("help")) {
            std::ostringstream text;
            text << usage << known;
            return Ending{text.str(), 0};
        }
        if (values.contains("version"))
            return Ending{"roundabout " ROUNDABOUT_VERSION "\n", 0};
        if (const std::string stray = stray_request_flag(values); !request.wanted && !stray.empty())
            return Ending{"roundabout: -" + stray + " means nothing without -csr; see --help\n", 2};
    } catch (const po::error& error) {
        return Ending{std::string("roundabout: ") + error.what() + "; see --help\n", 2};
    }
    if (request.wanted) {
        csr::Subject& subject = request.order.subject;
        subject.alternative_names = split(subject.alternative_names);
        request.order.key_file = options.flags.tls_key.value_or("");
        options.request = std::move(request.order);
        return options;
    }
    if (options.config_file.empty() && options.flags == config::Flags{})
        return Ending{"roundabout: neither --config FILE nor a flag is given; see --help\n", 2};
    return options;
}

} // namespace roundabout::app
