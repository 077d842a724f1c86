#include "roundabout-ctl/options.hpp"

#include "config/load.hpp"
#include "roundabout-ctl/conditions.hpp"

#include <boost/program_options.hpp>

#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace roundabout::ctl {
namespace {

namespace po = boost::program_options;

constexpr std::string_view default_socket = "/run/roundabout/control.sock";
constexpr std::string_view usage = R"(usage: roundabout-ctl [OPTION...] COMMAND

  list                 the registered bindings, those that meet every condition
  show ID|AOR          all about one binding, or about those of an address-of-record
  purge ID|AOR         end bindings; also with conditions, --expired or --all
  stats                all counters
  status               how the proxy is: its state, load and listeners
  servers              where the trusted servers are, and whether they answer
  flows                open connections, and whose registrations they carry
  watch                status and what happens a second, again and again
  trace                messages as they come and leave, with what the proxy changed
  explain FILE         what would become of a SIP request ("-": from standard input) if it came
                       now; nothing is sent
  reload               have the proxy take up its configuration file; prints what changed

exit codes: 0 done, 1 nothing matched, 2 usage, 3 proxy and database not reachable, or a file not
            writable, 4 refused, by a reload also for a configuration with faults, of which nothing
            is taken, by explain for what is no SIP request

)";

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
        "the user of the address-of-record or of the Contact; trace: of the Request-URI, From or "
        "To");
    add("server", po::value<std::string>()->value_name("NAME"),
        "granted by this trusted server; trace: from or to it");
    add("transport", po::value<std::string>()->value_name("T"),
        "udp, tcp, tls, ws or wss; explain: by which it would come (udp)");
    add("expiring", po::value<long>()->value_name("SECONDS"), "that end within this time");
    add("expired", po::bool_switch(), "past their expiry");
    po::options_description passing("for trace and explain");
    add = passing.add_options();
    add("source", po::value<std::string>()->value_name("ADDRESS"),
        "trace: from or to this address, or this one port of it; explain: where it would come "
        "from");
    add("call-id", po::value<std::string>()->value_name("ID"), "trace: of this Call-ID");
    add("full", po::bool_switch(), "trace: whole messages, not only what changes");
    add("pcap", po::value<std::string>()->value_name("FILE"),
        "trace: write them as UDP packets, decrypted, for sngrep or Wireshark");
    add("hep", po::value<std::string>()->value_name("ADDRESS"),
        "trace: send them to this collector by HEPv3 (port 9060)");
    add("at", po::value<std::string>()->value_name("ADDRESS"),
        "explain: the listener that it would come in by; else the first that fits");
    po::options_description watching("for watch");
    add = watching.add_options();
    add("interval", po::value<long>()->value_name("SECONDS")->default_value(1),
        "from one look to the next");
    add("count", po::value<long>()->value_name("N")->default_value(0),
        "end after so many; 0: never");
    po::options_description more("more");
    add = more.add_options();
    add("all", po::bool_switch(), "purge: every binding; asks first");
    add("yes", po::bool_switch(), "purge --all: don't ask");
    add("json", po::bool_switch(), "a JSON object a line");
    add("help", "print this and end");
    add("version", "print the version and end");
    po::options_description all;
    all.add(where).add(which).add(passing).add(watching).add(more);
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

/// The request's message, from a file or standard input.
Problem take_message(admin::Question& question, const std::string& file) {
    std::ifstream stream;
    if (file != "-")
        stream.open(file, std::ios::binary);
    std::istream& in = file == "-" ? std::cin : stream;
    question.message.assign(std::istreambuf_iterator<char>(in), {});
    if (!in)
        return "cannot read " + file;
    if (question.message.empty())
        return file + " is empty";
    constexpr std::size_t most = admin::max_request / 2; // what JSON has to escape is longer
    return question.message.size() > most ? Problem(file + " is too large for a SIP request")
                                          : std::nullopt;
}

Problem take_command(Options& options, const std::vector<std::string>& words) {
    options.watch = words.front() == "watch";
    const auto command =
        options.watch ? admin::Command::status : admin::parse_command(words.front());
    if (!command || *command == admin::Command::take_over) // roundabout's own
        return "there is no command " + words.front();
    options.request.command = *command;
    const bool takes_word = *command == admin::Command::show || *command == admin::Command::purge ||
                            *command == admin::Command::explain;
    if (words.size() > (takes_word ? 2 : 1))
        return "too many words after " + words.front();
    return std::nullopt;
}

Problem take_word(admin::Request& request, const std::vector<std::string>& words) {
    if (request.command == admin::Command::explain)
        return words.size() < 2 ? Problem("explain needs a file, or - for standard input")
                                : take_message(request.explain, words[1]);
    if (words.size() < 2)
        return std::nullopt;
    request.filter.id = admin::parse_id(words[1]);
    return request.filter.id ? std::nullopt : take_aor(request.filter, words[1]);
}

Problem fault_of(const admin::Request& request) {
    const admin::BindingFilter& filter = request.filter;
    if (request.command == admin::Command::show && !filter.id && !filter.aor)
        return "show needs a binding's id or an address-of-record";
    if (request.command != admin::Command::purge)
        return std::nullopt;
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
    const auto& words = values["words"].as<std::vector<std::string>>();
    if (Problem problem = take_command(options, words))
        return problem;
    if (Problem problem = take_conditions(options, values))
        return problem;
    if (Problem problem = take_word(options.request, words))
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
