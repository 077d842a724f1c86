#include "roundabout-ctl/conditions.hpp"

#include "registration/aor.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace roundabout::ctl {
namespace {

namespace po = boost::program_options;
using admin::Command;

constexpr long longest_wait = 0x7FFFFFFF;
constexpr std::uint16_t hep_port = 9060;
constexpr std::uint16_t sip_port = 5060;

/// Which commands an option is for; the others refuse it, so that none is silently without effect.
struct Use {
    const char* option;
    std::vector<Command> commands;
};

const std::vector<Use>& uses() {
    static const std::vector<Use> all{
        {"aor", {Command::list, Command::purge, Command::show}},
        {"user", {Command::list, Command::purge, Command::show, Command::trace}},
        {"server", {Command::list, Command::purge, Command::show, Command::trace}},
        {"transport", {Command::list, Command::purge, Command::show, Command::explain}},
        {"expiring", {Command::list, Command::purge, Command::show}},
        {"expired", {Command::list, Command::purge, Command::show}},
        {"all", {Command::purge}},
        {"yes", {Command::purge}},
        {"call-id", {Command::trace}},
        {"source", {Command::trace, Command::explain}},
        {"at", {Command::explain}},
        {"pcap", {Command::trace}},
        {"hep", {Command::trace}},
        {"full", {Command::trace}},
    };
    return all;
}

bool given(const po::variables_map& values, const char* name) {
    return values.contains(name) && !values[name].defaulted();
}

Problem misplaced(const Options& options, const po::variables_map& values) {
    for (const Use& use : uses()) {
        if (given(values, use.option) &&
            std::ranges::find(use.commands, options.request.command) == use.commands.end())
            return std::string(name(options.request.command)) + " knows no --" + use.option;
    }
    for (const char* option : {"interval", "count"}) {
        if (given(values, option) && !options.watch)
            return std::string("--") + option + " is for watch";
    }
    return std::nullopt;
}

/// What --transport names; `otherwise` without it.
Result<Transport> transport_of(const po::variables_map& values, Transport otherwise) {
    const auto word = text(values, "transport");
    return word ? parse_transport(*word) : otherwise;
}

std::string no_transport(const po::variables_map& values) {
    return "--transport is udp, tcp, tls, ws or wss, not " + values["transport"].as<std::string>();
}

Problem take_filter(admin::BindingFilter& filter, const po::variables_map& values) {
    filter.user = text(values, "user");
    filter.server = text(values, "server");
    filter.expired = values["expired"].as<bool>();
    if (values.contains("expiring")) {
        const long seconds = values["expiring"].as<long>();
        if (seconds < 0 || seconds > longest_wait)
            return "--expiring takes a number of seconds";
        filter.expiring_within = std::chrono::seconds(seconds);
    }
    if (values.contains("transport")) {
        const Result<Transport> transport = transport_of(values, Transport::udp);
        if (!transport)
            return no_transport(values);
        filter.transport = *transport;
    }
    const auto aor = text(values, "aor");
    return aor ? take_aor(filter, *aor) : std::nullopt;
}

/// An endpoint whose port may be left out.
std::optional<Endpoint> endpoint(const std::string& text, std::uint16_t port) {
    if (const auto both = Endpoint::parse(text))
        return *both;
    const auto address = IpAddress::parse(text);
    if (!address)
        return std::nullopt;
    return Endpoint{*address, port};
}

Problem take_trace(Options& options, const po::variables_map& values) {
    admin::TraceFilter& trace = options.request.trace;
    trace.user = text(values, "user");
    trace.server = text(values, "server");
    trace.call_id = text(values, "call-id");
    if (const auto source = text(values, "source")) {
        const auto at = endpoint(*source, 0);
        if (!at)
            return "--source takes an address, or an address with a port, not " + *source;
        trace.source = at->address;
        if (at->port != 0)
            trace.port = at->port;
    }
    options.pcap = text(values, "pcap").value_or("");
    options.full = values["full"].as<bool>();
    if (const auto collector = text(values, "hep")) {
        options.hep = endpoint(*collector, hep_port);
        if (!options.hep)
            return "--hep takes the address of a collector, with or without a port, not " +
                   *collector;
    }
    return std::nullopt;
}

Problem take_question(admin::Question& question, const po::variables_map& values) {
    const auto source = text(values, "source");
    if (!source)
        return "explain needs --source, the address that the request would come from";
    const auto from = endpoint(*source, sip_port);
    if (!from)
        return "--source takes an address, or an address with a port, not " + *source;
    question.source = *from;
    const Result<Transport> transport = transport_of(values, question.transport);
    if (!transport)
        return no_transport(values);
    question.transport = *transport;
    if (const auto at = text(values, "at")) {
        const auto listener = Endpoint::parse(*at);
        if (!listener)
            return "--at takes the address of a listener, with its port, not " + *at;
        question.at = *listener;
    }
    return std::nullopt;
}

Problem take_watch(Options& options, const po::variables_map& values) {
    if (!options.watch)
        return std::nullopt;
    const long interval = values["interval"].as<long>();
    const long count = values["count"].as<long>();
    if (interval < 1 || interval > 3600)
        return "--interval takes 1 to 3600 seconds";
    if (count < 0)
        return "--count takes a number, 0 for no end";
    options.interval = std::chrono::seconds(interval);
    options.count = count;
    return std::nullopt;
}

} // namespace

std::optional<std::string> text(const po::variables_map& values, const char* name) {
    return values.contains(name) ? std::optional(values[name].as<std::string>()) : std::nullopt;
}

Problem take_aor(admin::BindingFilter& filter, const std::string& text) {
    Result<std::string> aor = registration::canonical_aor(text);
    if (!aor)
        aor = registration::canonical_aor("sip:" + text);
    if (!aor || text.find('@') == std::string::npos)
        return text + " is neither a binding's id nor an address-of-record";
    filter.aor = std::move(*aor);
    return std::nullopt;
}

Problem take_conditions(Options& options, const po::variables_map& values) {
    if (Problem problem = misplaced(options, values))
        return problem;
    switch (options.request.command) {
    case Command::trace:
        return take_trace(options, values);
    case Command::explain:
        return take_question(options.request.explain, values);
    case Command::list:
    case Command::show:
    case Command::purge:
        return take_filter(options.request.filter, values);
    default:
        return take_watch(options, values);
    }
}

} // namespace roundabout::ctl
