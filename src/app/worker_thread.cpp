#include "app/worker_thread.hpp"

#include "config/lookup.hpp"
#include "proxy/snapshot.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>
#include <utility>

namespace roundabout::app {
namespace {

constexpr std::size_t inbox_limit = 65'536;

TimePoint steady_now() {
    return TimePoint(
        std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

WallTime wall_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

void log_exception(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const std::exception& exception) {
        spdlog::error("a transaction ended by an exception: {}", exception.what());
    } catch (...) {
        spdlog::error("a transaction ended by an unknown exception");
    }
}

registration::BindingTokens binding_tokens(const routing::Tokens& tokens) {
    registration::BindingTokens functions;
    functions.id = [&tokens](std::string_view server, std::string_view aor, std::string_view uri,
                             std::string_view instance, std::uint32_t reg_id) {
        return tokens.binding_id(server, aor, uri, instance, reg_id);
    };
    functions.text = [](const registration::BindingId& id) { return routing::to_text(id); };
    functions.parse = routing::parse_binding_id;
    return functions;
}

} // namespace

WorkerThread::WorkerThread(SharedState& shared, std::uint16_t number)
    : shared_(shared)
    , number_(number)
    , inbox_([this] { boost::asio::post(io_, [this] { take_arrivals(); }); }, inbox_limit)
    , loop_(steady_now()) {
    loop_.on_exception(log_exception);
    work_.emplace(io_.get_executor());
}

WorkerThread::~WorkerThread() { join_thread(); }

std::optional<std::string> WorkerThread::prepare() {
    transport::FlowSettings settings = shared_.flow_settings;
    settings.worker = number_;
    settings.boot = shared_.boot;
    const routing::KeyRing& keys = shared_.keys;
    const std::uint16_t workers = shared_.workers;
    flows_ = std::make_unique<transport::WorkerFlows>(
        io_, std::move(settings), shared_.census, shared_.inboxes,
        [&keys, workers](const sip::Message& message) {
            return proxy::owner_of(message, keys, workers);
        });
    transport::ResolverSettings names;
    names.name_servers = shared_.config->name_servers;
    auto resolver = transport::Resolver::make(io_, inbox_, std::move(names));
    if (!resolver)
        return "name_servers: " + resolver.error().message();
    resolver_ = std::move(*resolver);
    resolver_->keep(config::hosts_to_resolve(*shared_.config));
    Result<routing::Tokens> tokens = routing::Tokens::make(keys);
    if (!tokens)
        return tokens.error().message();
    tokens_.emplace(std::move(*tokens));
    layer_ = std::make_unique<transaction::TransactionLayer>(loop_, *flows_, shared_.table_secret);
    contexts_ = std::make_unique<transaction::Scope>(loop_);
    services_.reset(new proxy::Services{loop_,
                                        *layer_,
                                        *contexts_,
                                        *flows_,
                                        *resolver_,
                                        *tokens_,
                                        keys,
                                        binding_tokens(*tokens_),
                                        *shared_.bindings,
                                        *shared_.store,
                                        counters_,
                                        wall_now,
                                        number_,
                                        shared_.boot,
                                        unanswered_,
                                        nullptr,
                                        {},
                                        0,
                                        {}});
    refresh_snapshot();
    worker_ = std::make_unique<proxy::Worker>(*services_, shared_.inboxes);
    return std::nullopt;
}

void WorkerThread::join(const std::vector<std::unique_ptr<WorkerThread>>& workers) {
    std::vector<transport::WorkerFlows*> flows;
    for (const auto& worker : workers)
        flows.push_back(worker->flows_.get());
    flows_->join(std::move(flows));
}

void WorkerThread::start() {
    thread_ = std::thread([this] { io_.run(); });
}

void WorkerThread::refresh_snapshot() {
    if (services_->snapshot && services_->snapshot->book == resolver_->book())
        return;
    services_->snapshot =
        proxy::make_snapshot(shared_.config, resolver_->book(), shared_.machine, *tokens_);
}

void WorkerThread::take_arrivals() {
    inbox_.take(batch_);
    if (stopped_)
        return;
    refresh_snapshot();
    loop_.advance(steady_now());
    for (transport::Arrival& arrival : batch_)
        worker_->take(std::move(arrival));
    batch_.clear();
    run_loop();
}

void WorkerThread::deliver(std::vector<store::Outcome> outcomes) {
    boost::asio::post(io_, [this, outcomes = std::move(outcomes)]() mutable {
        if (stopped_)
            return;
        loop_.advance(steady_now());
        for (store::Outcome& outcome : outcomes)
            worker_->take(std::move(outcome));
        run_loop();
    });
}

void WorkerThread::run_loop() {
    loop_.run();
    arm_timer();
}

void WorkerThread::arm_timer() {
    const TimePoint deadline = loop_.next_deadline();
    if (deadline >= armed_) // an early wake-up only finds the later deadline
        return;
    armed_ = deadline;
    timer_.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(
            deadline.time_since_epoch())));
    timer_.async_wait([this](boost::system::error_code error) {
        if (error || stopped_)
            return;
        armed_ = never;
        loop_.advance(steady_now());
        run_loop();
    });
}

void WorkerThread::begin_drain() {
    boost::asio::post(io_, [this] {
        flows_->stop_accepting();
        worker_->drain();
    });
}

void WorkerThread::stop() {
    boost::asio::post(io_, [this] {
        stopped_ = true;
        contexts_->destroy_tasks();
        layer_->scope.destroy_tasks();
        timer_.cancel();
        resolver_.reset();
        flows_->close_all();
        flows_->when_drained([this] { work_.reset(); });
    });
}

void WorkerThread::join_thread() {
    if (thread_.joinable())
        thread_.join();
}

} // namespace roundabout::app
