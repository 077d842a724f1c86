#include "roundabout-ctl/options.hpp"

#include "config/load.hpp"
#include "registration/aor.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace roundabout::ctl {
namespace {

namespace po = boost::program_options;

constexpr std::string_view default_socket = "/run/roundabout/control.sock";
constexpr long longest_wait = 0x7FFFFFFF;

constexpr std::string_view usage = R"(usage: roundabout-ctl [OPTION...] COMMAND

  list                 the registered bindings, those that meet every condition
  show ID|AOR          all about one binding, or about those of an address-of-record
  purge ID|AOR         end bindings; also with conditions, --expired or --all
  stats                all counters
  reload               have the proxy take up its configuration file; prints what changed

exit codes: 0 done, 1 nothing matched, 2 usage, 3 proxy and database not reachable, 4 refused,
            by a reload also for a configuration with faults, of which nothing is taken

)";

using Problem = std::optional<std::string>;

po::options_description known_options() {
    po::options_description where("where");
    auto add = where.add_options();
    add("socket", po::value<std::string>()->value_name("PATH"),
        "the running proxy's control socket; without any of these three options "
        "/run/roundabout/control.sock");
    add("database", po::value<std::string>()->value_name("PATH"),
        "the database file, used when the proxy is down");
    add("config", po::value<std::string>()->value_name("FILE"),
        "the proxy's configuration, which names both");
    po::options_description which("conditions, for list and purge");
    add = which.add_options();
    add("aor", po::value<std::string>()->value_name("URI"), "of this address-of-record");
    add("user", po::value<std::string>()->value_name("USER"),
        "the user of the address-of-record or of the Contact");
    add("server", po::value<std::string>()->value_name("NAME"), "granted by this trusted server");
    add("transport", po::value<std::string>()->value_name("T"), "udp, tcp, tls, ws or wss");
    add("expiring", po::value<long>()->value_name("SECONDS"), "that end within this time");
    add("expired", po::bool_switch(), "past their expiry");
    po::options_description more("more");
    add = more.add_options();
    add("all", po::bool_switch(), "purge: every binding; asks first");
    add("yes", po::bool_switch(), "purge --all: don't ask");
    add("json", po::bool_switch(), "a JSON object a line");
    add("help", "print this and end");
    add("version", "print the version and end");
    po::options_description all;
    all.add(where).add(which).add(more);
    return all;
}

po::variables_map read_command_line(int argc, const char* const* argv,
                                    const po::options_description& known) {
    po::options_description hidden;
    hidden.add_options()("words", po::value<std::vector<std::string>>());
    po::options_description all;
    all.add(known).add(hidden);
    po::positional_options_description words;
    words.add("words", -1);
    po::variables_map values;
    po::store(po::command_line_parser(argc, argv).options(all).positional(words).run(), values);
    po::notify(values);
    return values;
}

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

Problem take_conditions(admin::BindingFilter& filter, const po::variables_map& values) {
    filter.user = text(values, "user");
    filter.server = text(values, "server");
    filter.expired = values["expired"].as<bool>();
    if (const auto word = text(values, "transport")) {
        const Result<Transport> transport = parse_transport(*word);
        if (!transport)
            return "--transport is udp, tcp, tls, ws or wss, not " + *word;
        filter.transport = *transport;
    }
    if (values.contains("expiring")) {
        const long seconds = values["expiring"].as<long>();
        if (seconds < 0 || seconds > longest_wait)
            return "--expiring takes a number of seconds";
        filter.expiring_within = std::chrono::seconds(seconds);
    }
    const auto aor = text(values, "aor");
    return aor ? take_aor(filter, *aor) : std::nullopt;
}

Problem take_command(admin::Request& request, const std::vector<std::string>& words) {
    constexpr std::array<std::pair<std::string_view, admin::Command>, 5> commands{{
        {"list", admin::Command::list},
        {"show", admin::Command::show},
        {"purge", admin::Command::purge},
        {"stats", admin::Command::stats},
        {"reload", admin::Command::reload},
    }};
    const auto* const found = std::ranges::find(
        commands, words.front(), &std::pair<std::string_view, admin::Command>::first);
    if (found == commands.end())
        return "there is no command " + words.front();
    request.command = found->second;
    const bool takes_word =
        request.command == admin::Command::show || request.command == admin::Command::purge;
    if (words.size() > (takes_word ? 2 : 1))
        return "too many words after " + words.front();
    if (words.size() < 2)
        return std::nullopt;
    request.filter.id = admin::parse_id(words[1]);
    return request.filter.id ? std::nullopt : take_aor(request.filter, words[1]);
}

Problem fault_of(const admin::Request& request) {
    const admin::BindingFilter& filter = request.filter;
    if (request.command == admin::Command::show && !filter.id && !filter.aor)
        return "show needs a binding's id or an address-of-record";
    if (request.command == admin::Command::stats && !filter.empty())
        return "stats knows no conditions";
    if (request.command == admin::Command::reload && !filter.empty())
        return "reload knows no conditions";
    if (request.command != admin::Command::purge)
        return request.all ? Problem("--all is for purge") : std::nullopt;
    if (request.all && !filter.empty())
        return "purge --all has no other condition";
    if (!request.all && filter.empty())
        return "purge needs an id, an address-of-record, a condition, or --all";
    return std::nullopt;
}

/// Without looking at the files that the configuration names: who may use the socket need not be
/// able to read the proxy's keys.
Problem take_config(Options& options, const std::string& file) {
    std::ifstream stream(file);
    const std::string content((std::istreambuf_iterator<char>(stream)), {});
    if (!stream)
        return "cannot read " + file;
    const config::Loaded loaded = config::load_text(content, file);
    if (loaded.config() == nullptr)
        return config::to_string(loaded.problems().front());
    options.socket = loaded.config()->control.socket;
    options.database = loaded.config()->store.path;
    return std::nullopt;
}

Problem take_places(Options& options, const po::variables_map& values) {
    if (const auto file = text(values, "config")) {
        if (Problem problem = take_config(options, *file))
            return problem;
    }
    options.socket = text(values, "socket").value_or(options.socket);
    options.database = text(values, "database").value_or(options.database);
    if (options.socket.empty() && options.database.empty())
        options.socket = default_socket;
    return std::nullopt;
}

Problem take_values(Options& options, const po::variables_map& values) {
    if (!values.contains("words"))
        return "no command";
    options.json = values["json"].as<bool>();
    options.yes = values["yes"].as<bool>();
    options.request.all = values["all"].as<bool>();
    if (Problem problem = take_conditions(options.request.filter, values))
        return problem;
    if (Problem problem =
            take_command(options.request, values["words"].as<std::vector<std::string>>()))
        return problem;
    if (Problem problem = fault_of(options.request))
        return problem;
    return take_places(options, values);
}

Ending misused(std::string_view problem) {
    return {"roundabout-ctl: " + std::string(problem) + "; see --help\n", Exit::usage};
}

} // namespace

std::variant<Options, Ending> parse_options(int argc, const char* const* argv) {
    const po::options_description known = known_options();
    try {
        const po::variables_map values = read_command_line(argc, argv, known);
        if (values.contains("help")) {
            std::ostringstream help;
            help << usage << known;
            return Ending{help.str(), Exit::ok};
        }
        if (values.contains("version"))
            return Ending{"roundabout-ctl " ROUNDABOUT_VERSION "\n", Exit::ok};
        Options options;
        if (const Problem problem = take_values(options, values))
            return misused(*problem);
        return options;
    } catch (const po::error& error) {
        return misused(error.what());
    }
}

} // namespace roundabout::ctl
