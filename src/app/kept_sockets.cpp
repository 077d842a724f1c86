#include "app/kept_sockets.hpp"

#include <spdlog/spdlog.h>

#include <future>
#include <map>
#include <utility>

namespace roundabout::app {

void KeptSockets::update(const std::vector<transport::ListenerSettings>& listeners) {
    if (!manager_.is_there())
        return;
    std::map<std::string, std::vector<int>> open;
    for (const auto& worker : workers_) {
        for (const auto& socket : worker->sockets().get()) {
            const transport::ListenerSettings& listener = listeners[socket.listener];
            if (listener.accepts())
                open[socket_name(listener.transport, listener.bind)].push_back(socket.descriptor);
        }
    }
    for (const std::string& name : std::exchange(names_, {})) {
        if (!open.contains(name))
            manager_.forget(name);
    }
    for (const auto& [name, descriptors] : open) {
        manager_.keep(name, descriptors);
        names_.insert(name);
    }
    const bool all = manager_.keeps();
    if (all != std::exchange(all_, all) || first_)
        spdlog::info("the service manager {} all listening sockets over a restart",
                     all ? "keeps" : "does not keep (FileDescriptorStoreMax)");
    first_ = false;
}

void KeptSockets::forget(const std::vector<transport::InheritedSockets::Unwanted>& unwanted) {
    for (const auto& [name, address] : unwanted) {
        spdlog::warn("a socket for {} was handed to us that no listener has; it is closed",
                     address);
        manager_.forget(name);
    }
}

namespace {

void on_each(const std::vector<std::unique_ptr<WorkerThread>>& workers,
             std::future<void> (WorkerThread::*call)()) {
    std::vector<std::future<void>> done;
    done.reserve(workers.size());
    for (const auto& worker : workers)
        done.push_back((worker.get()->*call)());
    for (std::future<void>& each : done)
        each.get();
}

} // namespace

void stop_reading(const std::vector<std::unique_ptr<WorkerThread>>& workers) {
    on_each(workers, &WorkerThread::stop_reading);
    settle(workers);
}

void settle(const std::vector<std::unique_ptr<WorkerThread>>& workers) {
    on_each(workers, &WorkerThread::settle);
    on_each(workers, &WorkerThread::settle);
}

} // namespace roundabout::app
