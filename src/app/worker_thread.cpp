#include "app/worker_thread.hpp"

#include "config/lookup.hpp"
#include "proxy/nat_keepalive.hpp"
#include "proxy/probing.hpp"
#include "proxy/snapshot.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>
#include <utility>

namespace roundabout::app {
namespace {

constexpr std::size_t inbox_limit = 65'536;
constexpr int things_a_take = 32;
constexpr std::uint64_t messages_a_take = 256; // about: one thing may bring as many again
// How late a timer may fire where nothing else happens. The RFC's are multiples of 100 ms; a worker
// with messages to handle sees its deadlines in time without being woken for each.
constexpr Duration timer_slack = std::chrono::milliseconds(16);

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

/// One go of the thread: the loop's time at its begin, how long it took, and what it sent leaves at
/// its end.
class WorkerThread::Turn {
  public:
    explicit Turn(WorkerThread& worker)
        : worker_(worker)
        , begun_(steady_now()) {
        worker_.loop_.advance(begun_);
        worker_.flows_->begin_turn();
    }
    ~Turn() {
        worker_.flows_->end_turn();
        worker_.turns_.add(steady_now() - begun_);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

  private:
    WorkerThread& worker_;
    TimePoint begun_;
};

WorkerThread::WorkerThread(SharedState& shared, std::uint16_t number)
    : shared_(shared)
    , config_(shared.config)
    , number_(number)
    , inbox_([this] { look_soon(); }, inbox_limit)
    , loop_(steady_now()) {
    loop_.on_exception(log_exception);
    work_.emplace(io_.get_executor());
}

WorkerThread::~WorkerThread() { join_thread(); }

std::optional<std::string> WorkerThread::prepare() {
    transport::FlowSettings settings = shared_.flow_settings;
    settings.worker = number_;
    settings.workers = shared_.workers;
    settings.call_hash = CallHash(shared_.keys.front().owner);
    settings.boot = shared_.boot;
    settings.tap = &shared_.tap;
    settings.is_server = [this](const IpAddress& address) {
        return !services_->snapshot->servers.at(address).empty();
    };
    const routing::KeyRing& keys = shared_.keys;
    const std::uint16_t workers = shared_.workers;
    flows_ = std::make_unique<transport::WorkerFlows>(
        io_, std::move(settings), shared_.censuses, shared_.inboxes,
        [&keys, workers](const sip::Message& message) {
            return proxy::owner_of(message, keys, workers);
        });
    transport::ResolverSettings names;
    names.name_servers = shared_.config->name_servers;
    auto resolver = transport::Resolver::make(io_, inbox_, names);
    if (!resolver)
        return "name_servers: " + resolver.error().message();
    resolver_ = std::move(*resolver);
    resolver_->keep(config::places_to_keep(*shared_.config));
    Result<routing::Tokens> tokens = routing::Tokens::make(keys);
    if (!tokens)
        return tokens.error().message();
    tokens_ = std::make_unique<routing::Tokens>(std::move(*tokens));
    layer_ = std::make_unique<transaction::TransactionLayer>(loop_, *flows_, shared_.table_secret);
    contexts_ = std::make_unique<transaction::Scope>(loop_);
    services_ = std::make_unique<proxy::Services>(
        proxy::Services{loop_,
                        *layer_,
                        *contexts_,
                        *flows_,
                        *resolver_,
                        *tokens_,
                        keys,
                        binding_tokens(*tokens_),
                        *shared_.bindings,
                        *shared_.store,
                        shared_.parked,
                        shared_.health,
                        counters_,
                        measures_,
                        wall_now,
                        [&shared = shared_] {
                            return WallTime(std::chrono::seconds(
                                shared.expiry_time.load(std::memory_order_relaxed)));
                        },
                        number_,
                        shared_.boot,
                        unanswered_,
                        nullptr,
                        {},
                        0,
                        {},
                        &shared_.tap,
                        shared_.before.get(),
                        false});
    refresh_snapshot();
    worker_ = std::make_unique<proxy::Worker>(*services_, shared_.inboxes, *shared_.recent,
                                              *shared_.rates);
    return std::nullopt;
}

void WorkerThread::join(const std::vector<std::unique_ptr<WorkerThread>>& workers) {
    std::vector<transport::WorkerFlows*> flows;
    flows.reserve(workers.size());
    for (const auto& worker : workers)
        flows.push_back(worker->flows_.get());
    flows_->join(std::move(flows));
}

void WorkerThread::start() {
    boost::asio::post(io_, [this] {
        lasting_.spawn(proxy::keep_mappings(loop_, *services_, shared_.workers));
        lasting_.spawn(proxy::probe_servers(loop_, *services_, lasting_, shared_.workers));
        loop_.advance(steady_now());
        run_loop();
    });
    thread_ = std::thread([this] { run(); });
}

/// What happened, one thing after the other: a socket is readable, a timer fires, another thread
/// has asked for something. Messages that came are dealt with together, so that what they make
/// leaves together; but not before long.
void WorkerThread::run() {
    const transport::Counter& received = flows_->counters().received;
    while (io_.run_one() != 0) {
        const std::uint64_t enough = received.value() + messages_a_take;
        for (int more = things_a_take - 1; arrived_ && more > 0 && received.value() < enough;
             --more) {
            if (io_.poll_one() == 0)
                break;
        }
        if (std::exchange(arrived_, false))
            take_arrivals();
    }
}

/// The inbox is no longer empty: by what its own thread is at, or by another thread.
void WorkerThread::look_soon() {
    if (io_.get_executor().running_in_this_thread())
        arrived_ = true;
    else
        boost::asio::post(io_, [this] { take_arrivals(); });
}

void WorkerThread::refresh_snapshot() {
    if (services_->snapshot && services_->snapshot->book == resolver_->book() &&
        services_->snapshot->config == config_)
        return;
    services_->snapshot =
        proxy::make_snapshot(config_, resolver_->book(), shared_.machine, *tokens_);
    {
        const std::scoped_lock lock(published_mutex_);
        published_ = services_->snapshot;
    }
    if (number_ == 0) // all workers find the same, sooner or later; one of them says it
        shared_.health.know(proxy::server_places(*services_->snapshot));
}

proxy::SnapshotPtr WorkerThread::snapshot() const {
    const std::scoped_lock lock(published_mutex_);
    return published_;
}

void WorkerThread::take_arrivals() {
    inbox_.take(batch_);
    if (stopped_)
        return;
    const Turn turn(*this);
    refresh_snapshot();
    for (transport::Arrival& arrival : batch_) {
        worker_->take(std::move(arrival));
        loop_.run(); // a retransmission in the same batch finds the transaction of the first
    }
    batch_.clear();
    run_loop();
}

void WorkerThread::deliver(std::vector<store::Outcome> outcomes) {
    boost::asio::post(io_, [this, outcomes = std::move(outcomes)]() mutable {
        if (stopped_)
            return;
        const Turn turn(*this);
        for (store::Outcome& outcome : outcomes)
            worker_->take(std::move(outcome));
        run_loop();
    });
}

void WorkerThread::run_soon(std::function<void(proxy::Services&, transport::WorkerFlows&)> what) {
    boost::asio::post(io_, [this, what = std::move(what)] {
        if (stopped_)
            return;
        const Turn turn(*this);
        refresh_snapshot();
        what(*services_, *flows_);
        run_loop();
    });
}

void WorkerThread::run_loop() {
    loop_.run();
    layer_->counters.live.set(layer_->scope.count());
    counters_.live.set(contexts_->count());
    arm_timer();
}

void WorkerThread::arm_timer() {
    const TimePoint deadline = loop_.next_deadline();
    const TimePoint latest = deadline == never ? never : deadline + timer_slack;
    if (latest >= armed_) // an early wake-up only finds the later deadline
        return;
    armed_ = latest;
    timer_.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(
            armed_.time_since_epoch())));
    timer_.async_wait([this](boost::system::error_code error) {
        if (error || stopped_)
            return;
        const Turn turn(*this);
        armed_ = never;
        run_loop();
    });
}

template <class T>
std::future<T> WorkerThread::ask_there(std::function<T()> question) {
    auto answer = std::make_shared<std::promise<T>>();
    boost::asio::post(io_,
                      [question = std::move(question), answer] { answer->set_value(question()); });
    return answer->get_future();
}

std::future<std::optional<transport::BindFault>>
WorkerThread::open_added(std::vector<transport::ListenerSettings> listeners) {
    return ask_there<std::optional<transport::BindFault>>(
        [this, listeners = std::move(listeners)] { return flows_->open_added(listeners); });
}

void WorkerThread::adopt(config::ConfigPtr config,
                         std::shared_ptr<const transport::FlowSettings> settings) {
    boost::asio::post(io_, [this, config = std::move(config), settings = std::move(settings)] {
        if (stopped_)
            return;
        const Turn turn(*this);
        flows_->change(*settings);
        if (config_ == config)
            return;
        config_ = config;
        resolver_->keep(config::places_to_keep(*config_));
        services_->tcp_failed_until.clear(); // a ServerIndex is of one configuration
        refresh_snapshot();
    });
}

void WorkerThread::close_removed() {
    boost::asio::post(io_, [this] {
        if (!stopped_)
            flows_->close_removed();
    });
}

std::future<std::vector<transport::ListeningSockets::Open>> WorkerThread::sockets() {
    return ask_there<std::vector<transport::ListeningSockets::Open>>(
        [this] { return flows_->sockets(); });
}

std::future<void> WorkerThread::run_there(std::function<void()> call) {
    auto done = std::make_shared<std::promise<void>>();
    boost::asio::post(io_, [call = std::move(call), done] {
        call();
        done->set_value();
    });
    return done->get_future();
}

std::future<void> WorkerThread::stop_reading() {
    return run_there([this] { flows_->stop_reading(); });
}

std::future<void> WorkerThread::settle() {
    return run_there([this] { take_arrivals(); });
}

std::future<std::vector<std::uint64_t>> WorkerThread::hand_over(HashKey secret) {
    return ask_there<std::vector<std::uint64_t>>([this, secret] {
        services_->handed_over = true;
        const transaction::fsm::KeyHash hash(secret);
        std::vector<std::uint64_t> keys;
        layer_->servers.each([&](const transaction::fsm::ServerKey& key, const Flow&, bool) {
            if (!key.is_register())
                keys.push_back(hash(key));
        });
        return keys;
    });
}

std::future<std::optional<transport::BindFault>>
WorkerThread::resume(transport::InheritedSockets& sockets) {
    return ask_there<std::optional<transport::BindFault>>([this, &sockets] {
        services_->handed_over = false;
        return flows_->listen(sockets);
    });
}

std::future<WorkerThread::UnderWay> WorkerThread::under_way() {
    return ask_there<UnderWay>([this] { return count_under_way(); });
}

WorkerThread::UnderWay WorkerThread::count_under_way() const {
    UnderWay all;
    all.open = flows_->open_connections();
    layer_->servers.each(
        [&all](const transaction::fsm::ServerKey& key, const Flow& flow, bool answered) {
            if (answered || key.is_register())
                return;
            ++all.unanswered;
            if (flow.id)
                all.used.push_back(flow.id);
        });
    layer_->clients.each(
        [&all](const transaction::fsm::ClientKey& key, const Flow& flow, bool answered) {
            if (!answered && flow.id && key.method() != "REGISTER")
                all.used.push_back(flow.id);
        });
    return all;
}

void WorkerThread::close(std::vector<FlowId> connections) {
    boost::asio::post(io_, [this, connections = std::move(connections)] {
        for (const FlowId& id : connections)
            flows_->close(id, Error::stopped);
    });
}

void WorkerThread::ask(std::uint64_t question) {
    boost::asio::post(io_, [this, question] { answered_.store(question); });
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
        lasting_.destroy_tasks();
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
