#include "app/load_bindings.hpp"

#include "proxy/snapshot.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace roundabout::app {

void load_bindings(const config::Config& config, store::BindingStore& store,
                   registration::BindingTable& bindings, WallTime now) {
    constexpr std::size_t page_size = 1000;
    constexpr auto progress_interval = std::chrono::seconds(1);
    std::vector<std::string> names;
    for (const config::Listener& listener : config.listeners)
        names.push_back(proxy::listener_name(listener));
    const auto started = std::chrono::steady_clock::now();
    auto said = started;
    std::size_t restored = 0;
    const auto restore = [&](std::vector<registration::Binding> page) {
        for (registration::Binding& binding : page) {
            binding.flow.listener = proxy::listener_named(binding.listener, names);
            bindings.restore(std::move(binding));
        }
        restored += page.size();
        const auto at = std::chrono::steady_clock::now();
        if (at - said >= progress_interval) {
            said = at;
            spdlog::info("{} bindings read so far", restored);
        }
    };
    const auto loaded = store.load(now, page_size, restore);
    if (!loaded)
        return; // stopped
    bindings.finish_restoring();
    const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - started);
    spdlog::info("{} bindings from {} in {} ms, {} expired, {} damaged rows passed over",
                 loaded->loaded, config.store.path, taken.count(), loaded->expired,
                 loaded->damaged);
    for (const std::string& damage : loaded->damage)
        spdlog::warn("a row of {} was passed over: {}", config.store.path, damage);
}

} // namespace roundabout::app
