#pragma once

#include "sip/message.hpp"
#include "sip/method.hpp"

#include <memory>
#include <string>
#include <utility>

namespace roundabout::proxy {

/// The request of a response context. Whole while it may still go somewhere; once it only waits for
/// an answer, which may take minutes, the header fields that answers are made of.
class HeldRequest {
  public:
    HeldRequest() noexcept = default;
    explicit HeldRequest(std::shared_ptr<const sip::Message> request) noexcept
        : message_(std::move(request))
        , method_(message_->method()) {}

    [[nodiscard]] sip::Method method() const noexcept { return method_; }

    /// The request; after `keep_header()` what is left of it, indexed again by the first that asks.
    [[nodiscard]] const sip::Message& message() { return *shared(); }
    [[nodiscard]] const std::shared_ptr<const sip::Message>& shared();

    /// It will not be sent again: lets go of all but sip::header_of_hop. Nothing happens the second
    /// time.
    void keep_header();

  private:
    std::shared_ptr<const sip::Message> message_; ///< null while `header_` stands for it
    std::string header_;
    sip::Method method_ = sip::Method::other;
};

} // namespace roundabout::proxy
