#include "admin/binding_row.hpp"
#include "admin/control_session.hpp"
#include "admin/message_edits.hpp"
#include "proxy/explain.hpp"
#include "proxy/log.hpp"
#include "sip/parser.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include <array>
#include <utility>

// What a session answers to trace and explain: what people say, and what becomes of it.
namespace roundabout::admin {

namespace asio = boost::asio;

namespace {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

/// What comes from whoever traces: its next request, or the connection's end.
struct NextWord {
    std::array<char, 256> bytes{};
    std::size_t size = 0;
};

End failed(std::string reason) {
    End end;
    end.ending = Ending::failed;
    end.reason = std::move(reason);
    return end;
}

const char* word(proxy::Explained::Verdict verdict) {
    switch (verdict) {
    case proxy::Explained::Verdict::forward:
        return "forward";
    case proxy::Explained::Verdict::answer:
        return "answer";
    case proxy::Explained::Verdict::malformed:
        return "malformed";
    case proxy::Explained::Verdict::drop:
        break;
    }
    return "drop";
}

Record record_of(const proxy::Explained& explained) {
    Record record;
    record.kind = "decision";
    record.add("verdict", std::string(word(explained.verdict)));
    record.add("rule", to_utf8(explained.rule));
    record.add("source", to_utf8(explained.source));
    record.add("status", std::int64_t{explained.status});
    record.add("targets", static_cast<std::int64_t>(explained.targets.size()));
    return record;
}

std::vector<std::string> to_utf8(std::vector<std::string> lines) {
    for (std::string& line : lines)
        line = admin::to_utf8(line);
    return lines;
}

Record record_of(const proxy::ExplainedTarget& target, const std::string& received) {
    Record record;
    record.kind = "target";
    record.add("target", admin::to_utf8(target.target));
    record.add("q", std::int64_t{target.q});
    record.add("places", to_utf8(target.places));
    record.add("way", admin::to_utf8(target.way));
    record.add("problem", admin::to_utf8(target.problem));
    record.add("edits", target.message.empty()
                            ? std::vector<std::string>{}
                            : to_utf8(message_edits(received, proxy::masked(target.message))));
    return record;
}

/// The listener that a request of that transport from that source comes in by.
std::optional<ListenerIndex> listener_for(const Question& question, const config::Config& config) {
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        const config::Listener& listener = config.listeners[i];
        const bool fits = question.at
                              ? listener.bind == *question.at
                              : listener.bind.address.is_v4() == question.source.address.is_v4();
        if (!listener.closed && listener.transport == question.transport && fits)
            return static_cast<ListenerIndex>(i);
    }
    return std::nullopt;
}

/// The open connection from there, if this worker has it; else nothing.
std::optional<Flow> open_flow(const Question& question, const transport::WorkerFlows& flows) {
    for (const FlowId& id : flows.open_connections()) {
        const auto flow = flows.find(id);
        if (flow && flow->transport == question.transport && flow->remote == question.source)
            return flow;
    }
    return std::nullopt;
}

} // namespace

asio::awaitable<End> ControlSession::trace(Request request) {
    if (auto refused = refusal("trace"))
        co_return std::move(*refused);
    if (traces_ == nullptr)
        co_return failed("there is nothing to trace");
    spdlog::info("trace by uid {} (process {})", peer_.uid, peer_.pid);
    const auto watcher = std::make_shared<Watcher>(io_, std::move(request.trace));
    watcher_ = watcher;
    traces_->add(watcher);
    const auto word = std::make_shared<NextWord>();
    socket_.async_read_some(asio::buffer(word->bytes),
                            [watcher, word](boost::system::error_code, std::size_t size) {
                                word->size = size;
                                watcher->stop();
                            });
    while (socket_.is_open() && !watcher->stopped()) {
        deadline_.clear(); // whoever watches may be as slow as it likes, and loses lines
        const std::string lines = co_await watcher->next();
        const auto text = asio::buffer(lines);
        const auto [error, size] = co_await asio::async_write(socket_, text, as_tuple);
        if (error)
            close();
    }
    traces_->remove(watcher);
    watcher_.reset();
    input_.append(word->bytes.data(), word->size);
    spdlog::info("trace by uid {} (process {}) ended", peer_.uid, peer_.pid);
    co_return End{};
}

asio::awaitable<End> ControlSession::explain(Request request) {
    if (auto refused = refusal("explain"))
        co_return std::move(*refused);
    const Question& question = request.explain;
    const auto listener = listener_for(question, *subject_.snapshot()->config);
    if (!listener)
        co_return failed("there is no listener that it could come in by");
    Result<sip::Message> message = sip::index_message(question.message, sip::Framing::datagram);
    if (!message)
        co_return failed(std::string(sentence(to_error(message.error()))));
    if (message->is_response())
        co_return failed("it is a response: those go back the way that their Via says");
    const auto read = std::make_shared<const sip::Message>(std::move(*message));
    Flow flow;
    flow.transport = question.transport;
    flow.listener = *listener;
    flow.remote = question.source;
    // The worker that has this very connection knows what is registered over it.
    std::size_t worker = 0;
    const std::function<std::optional<Flow>(proxy::Services&, transport::WorkerFlows&)> which =
        [question](proxy::Services&, transport::WorkerFlows& flows) {
            return open_flow(question, flows);
        };
    for (std::size_t i = 0; is_reliable(flow.transport) && i < subject_.workers.size(); ++i) {
        const auto open = co_await ask_worker<std::optional<Flow>>(io_, subject_.workers[i], which);
        if (open && *open) {
            flow = **open;
            worker = i;
        }
    }
    Awaited<proxy::Explained> answer(io_);
    subject_.workers[worker]([promise = answer.promise(), read,
                              flow](proxy::Services& services, transport::WorkerFlows& flows) {
        Flow in = flow;
        if (!in.id)
            in.local = flows.local_for(in.listener, in.remote.address);
        services.contexts.spawn(proxy::explain(
            services.loop, services, read, in,
            [promise](proxy::Explained explained) { promise->give(std::move(explained)); }));
    });
    deadline_.clear();
    constexpr std::chrono::seconds longest{30}; // DNS may have to be asked, more than once
    const std::optional<proxy::Explained> explained = co_await answer.take(longest);
    if (!explained)
        co_return failed("a worker did not answer in time");
    std::string lines = to_line(record_of(*explained));
    const std::string received = proxy::masked(read->bytes());
    for (const proxy::ExplainedTarget& target : explained->targets)
        lines += to_line(record_of(target, received));
    co_await send(std::move(lines));
    End end;
    end.matched = 1;
    co_return end;
}

} // namespace roundabout::admin
