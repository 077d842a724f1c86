#pragma once

// The templates of ByteStream; included by byte_stream.hpp only.

#include "transport/byte_stream.hpp"

namespace roundabout::transport {

/// Tries, waits for the socket, tries again; or, without TLS, leaves it to the socket unless the
/// step tries that too. Completes through the executor, never from within the call that began it,
/// so that a loop of operations which all succeed at once neither recurses nor starves others.
template <class Step>
struct ByteStream::Waiting {
    enum class Stage : std::uint8_t { begun, passed_on, waiting, done };

    Waiting(ByteStream& of, Step what)
        : stream_(&of)
        , step_(std::move(what))
        , cancels_(of.cancels_) {}

    template <class Self>
    void operator()(Self& self, const ErrorCode& error = {}, std::size_t bytes = 0) {
        switch (stage_) {
        case Stage::begun:
            if constexpr (!Step::tries_plain) {
                if (!stream_->ssl_) {
                    pass_on(self);
                    return;
                }
            }
            attempt(self);
            return;
        case Stage::passed_on:
            if (!error) // the stream may be gone
                step_.took(*stream_, bytes);
            complete(self, error, bytes);
            return;
        case Stage::waiting:
            if (error) // the stream may be gone
                complete(self, error, 0);
            else if (was_cancelled(self))
                complete(self, boost::asio::error::operation_aborted, 0);
            else
                attempt(self);
            return;
        case Stage::done:
            complete(self, outcome_.error, outcome_.bytes);
            return;
        }
    }

  private:
    template <class Self>
    void pass_on(Self& self) {
        stage_ = Stage::passed_on;
        // The operation, and the step in it, is moved from while the call reads its arguments.
        Step copy = step_;
        copy.pass_on(stream_->socket_, std::move(self));
    }

    template <class Self>
    void attempt(Self& self) {
        outcome_ = step_.attempt(*stream_);
        if (outcome_.need != Need::nothing) {
            stage_ = Stage::waiting;
            const auto what =
                outcome_.need == Need::readable ? Socket::wait_read : Socket::wait_write;
            stream_->socket_.async_wait(what, std::move(self));
            return;
        }
        step_.took(*stream_, outcome_.bytes);
        if (stage_ == Stage::begun) {
            stage_ = Stage::done;
            boost::asio::post(stream_->get_executor(), std::move(self));
        } else {
            complete(self, outcome_.error, outcome_.bytes);
        }
    }

    /// The wait may have succeeded just before somebody cancelled.
    template <class Self>
    [[nodiscard]] bool was_cancelled(const Self& self) const {
        return stream_->cancels_ != cancels_ ||
               self.cancelled() != boost::asio::cancellation_type::none;
    }

    template <class Self>
    static void complete(Self& self, const ErrorCode& error, std::size_t bytes) {
        if constexpr (Step::counts)
            self.complete(error, bytes);
        else
            self.complete(error);
    }

    ByteStream* stream_;
    Step step_;
    std::uint32_t cancels_;
    Stage stage_ = Stage::begun;
    Attempt outcome_ = {};
};

struct ByteStream::Handshaking {
    static constexpr bool counts = false;
    static constexpr bool tries_plain = false;

    Attempt attempt(ByteStream& stream) const { return stream.try_handshake(); }
    static void took(ByteStream& /*stream*/, std::size_t /*bytes*/) noexcept {}

    template <class Self>
    void pass_on(Socket& socket, Self&& self) const {
        boost::asio::post(socket.get_executor(), std::forward<Self>(self));
    }
};

template <class Buffers>
struct ByteStream::Reading {
    static constexpr bool counts = true;
    static constexpr bool tries_plain = false;
    Buffers buffers;

    static void took(ByteStream& stream, std::size_t bytes) noexcept {
        stream.bytes_read_ += bytes;
    }

    /// Into the first buffer that has room.
    Attempt attempt(ByteStream& stream) const {
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto at = boost::asio::buffer_sequence_begin(buffers); at != end; ++at) {
            const boost::asio::mutable_buffer buffer(*at);
            if (buffer.size() != 0)
                return stream.try_read(buffer.data(), buffer.size());
        }
        return {};
    }

    template <class Self>
    void pass_on(Socket& socket, Self&& self) const {
        socket.async_read_some(buffers, std::forward<Self>(self));
    }
};

template <class Sink>
struct ByteStream::Passing {
    static constexpr bool counts = true;
    static constexpr bool tries_plain = true;
    Sink sink;

    static void took(ByteStream& stream, std::size_t bytes) noexcept {
        stream.bytes_read_ += bytes;
    }

    Attempt attempt(ByteStream& stream) const {
        const std::span<char> space = passing_space();
        const Attempt tried = stream.try_read(space.data(), space.size());
        try {
            if (tried.bytes != 0)
                sink(std::string_view(space.data(), tried.bytes));
        } catch (...) { // of this connection alone, not of the loop that it would go through
            return {Need::nothing, 0, boost::asio::error::no_memory};
        }
        return tried;
    }
};

template <class Buffers>
struct ByteStream::Writing {
    static constexpr bool counts = true;
    static constexpr bool tries_plain = false;
    Buffers buffers;

    static void took(ByteStream& /*stream*/, std::size_t /*bytes*/) noexcept {}

    Attempt attempt(ByteStream& stream) const {
        Gather gathered;
        std::size_t count = 0;
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto at = boost::asio::buffer_sequence_begin(buffers);
             at != end && count < gathered.size(); ++at) {
            const boost::asio::const_buffer buffer(*at);
            if (buffer.size() != 0)
                gathered[count++] = buffer;
        }
        return stream.try_write(gathered, count);
    }

    template <class Self>
    void pass_on(Socket& socket, Self&& self) const {
        socket.async_write_some(buffers, std::forward<Self>(self));
    }
};

template <class Token>
auto ByteStream::async_handshake(Token&& token) {
    return boost::asio::async_compose<Token, void(ErrorCode)>(
        Waiting<Handshaking>(*this, Handshaking()), token, socket_);
}

template <class Buffers, class Token>
auto ByteStream::async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_compose<Token, void(ErrorCode, std::size_t)>(
        Waiting<Reading<Buffers>>(*this, Reading<Buffers>{buffers}), token, socket_);
}

template <class Sink, class Token>
auto ByteStream::async_read_to(Sink sink, Token&& token) {
    return boost::asio::async_compose<Token, void(ErrorCode, std::size_t)>(
        Waiting<Passing<Sink>>(*this, Passing<Sink>{std::move(sink)}), token, socket_);
}

template <class Buffers, class Token>
auto ByteStream::async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_compose<Token, void(ErrorCode, std::size_t)>(
        Waiting<Writing<Buffers>>(*this, Writing<Buffers>{buffers}), token, socket_);
}

} // namespace roundabout::transport
