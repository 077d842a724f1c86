#include "admin/control_session.hpp"

#include "admin/binding_walk.hpp"
#include "transport/descriptor_passing.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <unistd.h>
#include <utility>

namespace roundabout::admin {

namespace asio = boost::asio;

namespace {

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
/// Both for the next request and for taking a piece of an answer.
constexpr auto patience = std::chrono::seconds(30);

constexpr const char* still_loading = "the bindings are still being read from the file";

WallTime wall_now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

End ended(Ending ending, std::string reason) {
    End end;
    end.ending = ending;
    end.reason = std::move(reason);
    return end;
}

} // namespace

ControlSession::ControlSession(asio::io_context& io, asio::local::stream_protocol::socket socket,
                               Peer peer, const Subject& subject, CommitWaits& commits,
                               TraceHub* traces)
    : socket_(std::move(socket))
    , peer_(peer)
    , subject_(subject)
    , commits_(commits)
    , traces_(traces)
    , io_(io)
    , deadline_(io, [this] { close(); }) {}

void ControlSession::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (watcher_)
        watcher_->stop();
}

asio::awaitable<void> ControlSession::run() {
    while (socket_.is_open()) {
        deadline_.set(patience);
        auto buffer = asio::dynamic_buffer(input_, max_request);
        const auto [error, size] = co_await asio::async_read_until(socket_, buffer, '\n', as_tuple);
        if (error == asio::error::not_found) { // no line end where the longest request has one
            const End end = ended(Ending::malformed, "the request is too long");
            std::string line = to_line(end);
            co_await send(std::move(line));
        }
        if (error)
            co_return;
        std::string line = input_.substr(0, size - 1);
        input_.erase(0, size);
        co_await answer(std::move(line));
    }
}

asio::awaitable<void> ControlSession::answer(std::string line) {
    const Parsed<Request> request = parse_request(line);
    End end;
    if (!request) {
        end = ended(Ending::malformed, request.error());
        std::string refused = to_line(end);
        co_await send(std::move(refused));
        co_return;
    }
    switch (request->command) {
    case Command::list:
    case Command::show:
        end = co_await list(*request);
        break;
    case Command::purge:
        end = co_await purge(*request);
        break;
    case Command::reload:
        end = co_await reload();
        break;
    case Command::take_over:
        take_over();
        co_return;
    case Command::stats: {
        std::string counters = to_line(gather(subject_.statistics));
        co_await send(std::move(counters));
        break;
    }
    case Command::status:
        end = co_await status();
        break;
    case Command::servers:
        end = co_await servers();
        break;
    case Command::flows:
        end = co_await flows();
        break;
    case Command::trace:
        end = co_await trace(*request);
        break;
    case Command::explain:
        end = co_await explain(*request);
        break;
    }
    std::string last = to_line(end);
    co_await send(std::move(last));
}

/// What changes something, or shows what people say, is for root and the proxy's own user.
std::optional<End> ControlSession::refusal(std::string_view deed) const {
    if (may_change(peer_, ::geteuid()))
        return std::nullopt;
    spdlog::warn("{} by uid {} (process {}) refused", deed, peer_.uid, peer_.pid);
    return ended(Ending::refused, "only root and the proxy's own user may " + std::string(deed));
}

asio::awaitable<End> ControlSession::list(Request request) {
    if (!co_await all_loaded())
        co_return ended(Ending::failed, still_loading);
    BindingWalk walk(*subject_.bindings, std::move(request.filter));
    End end;
    while (socket_.is_open()) {
        const auto met = walk.next(wall_now());
        if (!met)
            break;
        end.matched += met->size();
        std::string lines = lines_of(*met);
        if (lines.empty())
            co_await let_others_run();
        else
            co_await send(std::move(lines));
    }
    co_return end;
}

std::string ControlSession::lines_of(const std::vector<registration::Binding>& bindings) const {
    std::vector<registration::BindingId> ids;
    for (const registration::Binding& binding : bindings)
        ids.push_back(binding.id);
    const std::vector<bool> unwritten = subject_.store->unwritten(ids);
    std::string lines;
    for (std::size_t i = 0; i < bindings.size(); ++i) {
        BindingRow row = row_of(bindings[i], wall_now());
        row.is_volatile = unwritten[i];
        lines += to_line(row);
    }
    return lines;
}

/// What has not come from the file yet could neither be shown nor purged.
asio::awaitable<bool> ControlSession::all_loaded() {
    const auto until = std::chrono::steady_clock::now() + patience / 2;
    asio::steady_timer again(socket_.get_executor());
    while (!subject_.bindings->complete() && std::chrono::steady_clock::now() < until) {
        again.expires_after(std::chrono::milliseconds(20));
        co_await again.async_wait(as_tuple);
    }
    co_return subject_.bindings->complete();
}

asio::awaitable<End> ControlSession::reload() {
    if (auto refused = refusal("reload"))
        co_return std::move(*refused);
    spdlog::info("reload by uid {} (process {})", peer_.uid, peer_.pid);
    const Reloaded reloaded = subject_.reload();
    std::string lines;
    for (const std::string& line : reloaded.lines)
        lines += to_line(Notice{line});
    if (!lines.empty())
        co_await send(std::move(lines));
    if (!reloaded.taken)
        co_return ended(Ending::failed, "the new configuration is not taken, nothing has changed");
    End end;
    end.matched = reloaded.lines.size();
    co_return end;
}

/// The answer and, with it, the link; after which there is nothing more to say here.
void ControlSession::take_over() {
    HandOverOffer offer = std::string("there is nothing to take over");
    End end;
    if (auto refused = refusal("take-over"))
        end = std::move(*refused);
    else if (subject_.hand_over)
        offer = subject_.hand_over();
    if (end.ending == Ending::ok && !offer)
        end = ended(Ending::failed, offer.error());
    const std::string line = to_line(end);
    const int link[] = {offer ? offer->get() : -1};
    const bool sent = offer ? transport::send_record(socket_.native_handle(), line, link)
                            : transport::send_record(socket_.native_handle(), line);
    if (!sent || offer)
        close();
}

asio::awaitable<End> ControlSession::purge(Request request) {
    const std::string what = describe(request.filter);
    if (!may_change(peer_, ::geteuid())) {
        spdlog::warn("purge of {} by uid {} (process {}) refused", what, peer_.uid, peer_.pid);
        co_return ended(Ending::refused, "only root and the proxy's own user may purge");
    }
    if (!co_await all_loaded())
        co_return ended(Ending::failed, still_loading);
    BindingWalk walk(*subject_.bindings, std::move(request.filter));
    End end;
    while (socket_.is_open()) {
        deadline_.set(patience);
        const auto met = walk.next(wall_now());
        if (!met)
            break;
        registration::ChangeSet changes = subject_.bindings->apply(removals_of(*met));
        if (changes.empty()) {
            co_await let_others_run();
            continue;
        }
        if (subject_.parked != nullptr)
            subject_.parked->changed(changes);
        end.matched += changes.removals.size();
        const bool stored = co_await commits_.commit(std::move(changes));
        end.stored = end.stored && stored;
    }
    spdlog::info("purge of {} by uid {} (process {}): {} bindings ended{}", what, peer_.uid,
                 peer_.pid, end.matched, end.stored ? "" : ", not all on disk yet");
    co_return end;
}

/// Closes the connection if it can't be written to.
asio::awaitable<void> ControlSession::send(std::string lines) {
    deadline_.set(patience);
    const auto text = asio::buffer(lines);
    const auto [error, size] = co_await asio::async_write(socket_, text, as_tuple);
    if (error)
        close();
}

asio::awaitable<void> ControlSession::let_others_run() {
    deadline_.set(patience);
    co_await asio::post(socket_.get_executor(), asio::use_awaitable);
}

} // namespace roundabout::admin
