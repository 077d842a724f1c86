#include "bench/load/calls.hpp"

#include <exception>
#include <iostream>

int main(int argc, char** argv) {
    using namespace roundabout::load;
    try {
        const std::optional<Options> options = read_options(argc, argv);
        if (!options)
            return 0;
        return options->idle != 0 ? run_idle(*options) : run_calls(*options);
    } catch (const std::exception& failure) {
        std::cerr << "roundabout-load: " << failure.what() << '\n';
        return 2;
    }
}
