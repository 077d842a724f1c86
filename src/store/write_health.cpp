#include "store/write_health.hpp"

#include <utility>

namespace roundabout::store {

void WriteHealth::succeeded() noexcept {
    writing_since_ = idle;
    failing_ = Error::none;
    words_.clear();
}

void WriteHealth::failed(Error why, std::string words) {
    writing_since_ = idle;
    failing_ = why;
    words_ = std::move(words);
}

void WriteHealth::renewed(std::string sentence) {
    ++renewed_;
    renewal_ = std::move(sentence);
}

StoreHealth WriteHealth::report(Clock::time_point now, Clock::duration patience,
                                std::size_t waiting) const {
    StoreHealth health;
    health.waiting = waiting;
    health.renewed = renewed_;
    health.renewal = renewal_;
    health.why = failing_;
    health.words = words_;
    if (failing_ == Error::none && writing_since_ != idle && now - writing_since_ > patience) {
        health.why = Error::store_busy;
        if (words_.empty())
            health.words = "a write takes longer than it may";
    }
    health.degraded = health.why != Error::none;
    return health;
}

std::vector<HealthLog::Line> HealthLog::look(const StoreHealth& health,
                                             WriteHealth::Clock::time_point now) {
    std::vector<Line> lines;
    if (health.renewed != renewed_) {
        renewed_ = health.renewed;
        lines.push_back({true, health.renewal});
    }
    const bool news = health.degraded && (!degraded_ || health.why != why_);
    if (news || (health.degraded && now - said_ >= interval)) {
        if (!degraded_)
            since_ = now;
        said_ = now;
        const auto lasting = std::chrono::duration_cast<std::chrono::seconds>(now - since_);
        std::string text = "registrations are not reaching the disk";
        if (lasting.count() > 0)
            text += " for " + std::to_string(lasting.count()) + " s";
        text += ": " + health.words + "; " + std::to_string(health.waiting) + " are volatile";
        lines.push_back({true, std::move(text)});
    } else if (!health.degraded && degraded_) {
        lines.push_back({false, "registrations reach the disk again"});
    }
    degraded_ = health.degraded;
    why_ = health.why;
    return lines;
}

} // namespace roundabout::store
