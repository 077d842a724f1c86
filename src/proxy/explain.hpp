#pragma once

#include "base/flow.hpp"
#include "base/subject_names.hpp"
#include "proxy/services.hpp"
#include "sip/message.hpp"
#include "transaction/loop/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace roundabout::proxy {

/// Where one target of an explained request is, and what would go there.
struct ExplainedTarget {
    std::string target;              ///< whom it is for, in words
    std::vector<std::string> places; ///< where it may be reached, in the order to try; in words
    std::string way;                 ///< how it would leave now; in words
    std::uint16_t q = 1000;          ///< thousandths; those of one q are tried at once
    std::string problem;             ///< why it would not leave; empty: it would
    std::string message;             ///< as it would leave; empty with a problem
};

/// What would become of a request.
struct Explained {
    enum class Verdict : std::uint8_t { forward, answer, drop, malformed };

    Verdict verdict = Verdict::drop;
    std::string source;       ///< who sent it, in words
    std::string rule;         ///< which rule decided; for a malformed one what is wrong
    std::uint16_t status = 0; ///< of an answer
    std::vector<ExplainedTarget> targets;
};

/// Decides about a request by the running configuration, with the code that decides about all
/// requests, and tells `done` once. Sends nothing but questions to DNS, and changes nothing: no
/// transaction, no binding, no counter of requests. `flow` is the one it would come in by.
[[nodiscard]] transaction::Task explain(transaction::Loop& loop, Services& services,
                                        std::shared_ptr<const sip::Message> request, Flow flow,
                                        std::function<void(Explained)> done);

} // namespace roundabout::proxy
