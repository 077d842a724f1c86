#include "admin/trace_hub.hpp"

#include "admin/binding_row.hpp"
#include "admin/protocol.hpp"
#include "proxy/log.hpp"
#include "sip/parser.hpp"
#include "sip/values.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace roundabout::admin {

namespace asio = boost::asio;

Record record_of(const sip::Message& message, const transport::Passed& passed,
                 std::string_view server) {
    const auto micros =
        std::chrono::duration_cast<std::chrono::microseconds>(passed.at.time_since_epoch());
    const auto cseq = sip::cseq(message);
    Record record;
    record.kind = "message";
    record.add("time", std::int64_t{micros.count()});
    record.add("direction", std::string(passed.sent ? "sent" : "received"));
    record.add("transport", std::string(name(passed.flow.transport)));
    record.add("local", passed.flow.local.to_string());
    record.add("remote", passed.flow.remote.to_string());
    record.add("server", to_utf8(server));
    record.add("worker", std::int64_t{passed.worker});
    record.add("call_id", to_utf8(sip::call_id(message)));
    record.add("cseq", std::int64_t{cseq ? cseq->number : 0});
    record.add("method", to_utf8(message.is_request() ? message.method_name()
                                 : cseq               ? cseq->method
                                                      : std::string_view()));
    record.add("status", std::int64_t{message.status()});
    record.add_bytes("text", proxy::masked(message.bytes()));
    return record;
}

Watcher::Watcher(asio::io_context& io, TraceFilter filter)
    : filter_(std::move(filter))
    , news_(io, asio::steady_timer::time_point::max()) {}

bool Watcher::follows(const sip::Message& message, const transport::Passed& passed,
                      std::string_view server) {
    if (filter_ == TraceFilter{})
        return true;
    std::string call(sip::call_id(message));
    if (calls_.contains(call))
        return true;
    if (!matches(filter_, message, passed.flow, server))
        return false;
    if (calls_in_order_.size() >= most_calls) {
        calls_.erase(calls_in_order_.front());
        calls_in_order_.pop_front();
    }
    calls_in_order_.push_back(call);
    calls_.insert(std::move(call));
    return true;
}

void Watcher::see(const sip::Message& message, const transport::Passed& passed,
                  std::string_view server) {
    if (stopped_ || !follows(message, passed, server))
        return;
    if (lines_.size() >= most_lines || bytes_ >= most_bytes) {
        ++lost_;
        return;
    }
    lose(0); // what was lost before it stands before it
    keep(to_line(record_of(message, passed, server)));
}

void Watcher::lose(std::uint64_t messages) {
    lost_ += messages;
    if (lost_ == 0 || lines_.size() >= most_lines)
        return;
    Record lost;
    lost.kind = "lost";
    lost.add("messages", static_cast<std::int64_t>(std::exchange(lost_, 0)));
    keep(to_line(lost));
}

void Watcher::keep(std::string line) {
    bytes_ += line.size();
    lines_.push_back(std::move(line));
    news_.cancel();
}

asio::awaitable<std::string> Watcher::next() {
    if (lines_.empty() && !stopped_)
        co_await news_.async_wait(asio::as_tuple(asio::use_awaitable));
    std::string all;
    for (const std::string& line : lines_)
        all += line;
    lines_.clear();
    bytes_ = 0;
    if (lost_ != 0)
        lose(0);
    co_return all;
}

void Watcher::stop() {
    stopped_ = true;
    news_.cancel();
}

TraceHub::TraceHub(asio::io_context& io, transport::Tap& tap,
                   std::function<std::string(const IpAddress&)> server_at)
    : io_(io)
    , tap_(tap)
    , server_at_(std::move(server_at)) {}

TraceHub::~TraceHub() {
    if (!watchers_.empty())
        tap_.close();
}

void TraceHub::add(std::shared_ptr<Watcher> watcher) {
    watchers_.push_back(std::move(watcher));
    if (watchers_.size() == 1)
        tap_.open([this] { asio::post(io_, [this] { look(); }); });
}

void TraceHub::remove(const std::shared_ptr<Watcher>& watcher) {
    if (std::erase(watchers_, watcher) != 0 && watchers_.empty())
        tap_.close();
}

void TraceHub::look() {
    const std::uint64_t lost = tap_.take(batch_);
    for (const transport::Passed& passed : batch_) {
        // Framing is done: what stands here is one message, or bytes that keep a flow alive.
        const auto message = sip::index_message(passed.bytes, sip::Framing::datagram);
        if (!message)
            continue;
        const std::string server = server_at_(passed.flow.remote.address);
        for (const auto& watcher : watchers_)
            watcher->see(*message, passed, server);
    }
    batch_.clear();
    if (lost != 0) {
        for (const auto& watcher : watchers_)
            watcher->lose(lost);
    }
}

} // namespace roundabout::admin
