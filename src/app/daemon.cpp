#include "app/daemon.hpp"

#include "app/daemon_process.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <iostream>

namespace roundabout::app {

namespace {

/// How many expired bindings end a second, at most: a commit of so many delays no 2xx noticeably.
constexpr std::size_t most_expired_a_second = 2000;

} // namespace

registration::ClockReading read_clocks() {
    timespec steady{};
    ::clock_gettime(CLOCK_BOOTTIME, &steady);
    const auto wall = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    return {wall, std::chrono::seconds(steady.tv_sec)};
}

std::string Daemon::obstacle_to_hand_over() const {
    if (stopping_)
        return "it is stopping";
    if (manager_.is_there())
        return "it runs under a service manager, which would miss it; have that restart it, which "
               "loses nothing either";
    if (!bindings_->complete())
        return "it is still reading its bindings from the file";
    return {};
}

/// Another process serves in our place.
void Daemon::be_replaced() {
    spdlog::info("another process serves in our place; waiting up to {} s for what is under way",
                 shared_.config->drain.count());
    leave_office();
    if (http_)
        http_->stop();
    store_->stop();
}

void Daemon::keep_sockets() { kept_.update(shared_.flow_settings.listeners); }

/// Each second.
void Daemon::tick() {
    const registration::ExpiryClock::Time time = expiry_clock_->read(read_clocks());
    shared_.expiry_time = time.now.time_since_epoch().count();
    if (time.jump)
        spdlog::warn("the clock jumped by {} s; registrations that it overtook stay for up to {} s",
                     time.jump->count(), registration::ExpiryClock::hold.count());
    sweep();
    reload_->look();
    for (const store::HealthLog::Line& line :
         health_log_.look(store_->health(), std::chrono::steady_clock::now()))
        spdlog::log(line.bad ? spdlog::level::err : spdlog::level::info, "{}", line.text);
    tick_timer_.expires_after(std::chrono::seconds(1));
    tick_timer_.async_wait([this](boost::system::error_code error) {
        if (!error)
            tick();
    });
}

/// Expired bindings leave memory and file in small batches (design: Registrations).
void Daemon::sweep() {
    const WallTime now(std::chrono::seconds(shared_.expiry_time));
    registration::ChangeSet ended =
        bindings_->expire(now, bindings_->size() / 30 + 64, most_expired_a_second);
    shared_.parked.changed(ended);
    if (!ended.empty())
        store_->commit(std::move(ended), {});
}

void Daemon::run_until_signal() {
    signals_.add(SIGTERM);
    signals_.add(SIGINT);
    await_stop();
    hangups_.add(SIGHUP);
    await_hangup();
    std::cerr << "roundabout ready\n"; // unbuffered
    say_ready();
    watchdog_.start();
    io_.run();
}

void Daemon::await_stop() {
    signals_.async_wait([this](boost::system::error_code error, int /*signal*/) {
        if (!error)
            begin_stop();
    });
}

void Daemon::await_hangup() {
    hangups_.async_wait([this](boost::system::error_code error, int /*signal*/) {
        if (error)
            return;
        static_cast<void>(reload()); // the log has what it says
        await_hangup();
    });
}

void Daemon::say_ready() {
    const auto& listeners = shared_.flow_settings.listeners;
    manager_.ready(
        "serving at " +
        std::to_string(std::ranges::count_if(listeners, &transport::ListenerSettings::accepts)) +
        " addresses by " + std::to_string(workers_.size()) + " workers");
}

admin::Reloaded Daemon::reload() {
    manager_.reloading();
    admin::Reloaded reloaded = reload_->run();
    if (reloaded.taken)
        say_ready();
    else
        manager_.ready("serving by the configuration of before: the new one was refused");
    return reloaded;
}

/// What is done for the whole process, and not for what is under way.
void Daemon::leave_office() {
    stopping_ = true;
    hangups_.cancel();
    reload_->stop();
    tick_timer_.cancel();
    if (control_)
        control_->stop();
}

void Daemon::begin_stop() {
    if (hand_over_->left())
        return end();
    hand_over_->stop();
    manager_.stopping();
    leave_office();
    if (kept_.all())
        return leave_to_service_manager();
    for (const auto& worker : workers_)
        worker->begin_drain();
    spdlog::info("stopping: no new requests; waiting up to {} s for those under way",
                 shared_.config->drain.count());
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    await_drain(TimePoint(std::chrono::duration_cast<Duration>(now + shared_.config->drain)));
}

/// The service manager has our sockets, and the next start is to find in their queues whatever
/// arrives from this instant on: so nothing is read that could not be dealt with any more. What is
/// under way ends by its branch (R46); to wait for it would be a gap for everybody else.
void Daemon::leave_to_service_manager() {
    spdlog::info("stopping: sockets and what arrives at them stay with the service manager");
    stop_reading(workers_);
    end();
}

void Daemon::await_drain(TimePoint deadline) {
    const auto now = TimePoint(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
    const bool drained =
        std::ranges::all_of(workers_, &WorkerThread::drained,
                            [](const auto& worker) -> const WorkerThread& { return *worker; });
    if (drained || now >= deadline)
        return end();
    drain_timer_.expires_after(std::chrono::milliseconds(20));
    drain_timer_.async_wait([this, deadline](boost::system::error_code error) {
        if (!error)
            await_drain(deadline);
    });
}

void Daemon::end() {
    hand_over_->stop();
    signals_.cancel();
    watchdog_.stop();
    if (http_)
        http_->stop();
    store_->stop();         // answers whoever still waits, so that their 2xx leave
    shared_.parked.close(); // nobody else will answer who waits for a client
    settle(workers_);
    for (const auto& worker : workers_)
        worker->stop();
    for (const auto& worker : workers_)
        worker->join_thread();
    loader_.join();
    spdlog::info("stopped");
}

int run_daemon(config::ConfigPtr config, config::Source source,
               transport::InheritedSockets inherited, std::optional<TakeOver> take_over) {
    Daemon daemon(std::move(config), std::move(source), std::move(inherited), std::move(take_over));
    if (const auto problem = daemon.start()) {
        std::cerr << "roundabout: " << *problem << '\n';
        return 1;
    }
    daemon.run_until_signal();
    return 0;
}

} // namespace roundabout::app
