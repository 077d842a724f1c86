#include "app/options.hpp"

#include <boost/program_options.hpp>

#include <sstream>

namespace roundabout::app {

namespace po = boost::program_options;

std::variant<Options, Ending> parse_options(int argc, const char* const* argv) {
    Options options;
    po::options_description known("roundabout --config FILE [--check]");
    auto add = known.add_options();
    add("config", po::value(&options.config_file)->value_name("FILE"), "the configuration, TOML");
    add("check", po::bool_switch(&options.check),
        "check the configuration, print it with all defaults, and end");
    add("version", "print the version and end");
    add("help", "print this and end");
    try {
        po::variables_map values;
        po::store(po::parse_command_line(argc, argv, known), values);
        po::notify(values);
        if (values.contains("help")) {
            std::ostringstream text;
            text << known;
            return Ending{text.str(), 0};
        }
        if (values.contains("version"))
            return Ending{"roundabout " ROUNDABOUT_VERSION "\n", 0};
    } catch (const po::error& error) {
        return Ending{std::string("roundabout: ") + error.what() + "; see --help\n", 2};
    }
    if (options.config_file.empty())
        return Ending{"roundabout: no --config FILE given; see --help\n", 2};
    return options;
}

} // namespace roundabout::app
