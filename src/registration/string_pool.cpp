#include "registration/string_pool.hpp"

namespace roundabout::registration {

StringPool::Ref StringPool::use(std::string_view text) {
    if (const auto found = refs_.find(text); found != refs_.end()) {
        ++entries_[found->second].uses;
        return found->second;
    }
    Ref ref = 0;
    if (free_.empty()) {
        ref = static_cast<Ref>(entries_.size());
        entries_.emplace_back();
    } else {
        ref = free_.back();
        free_.pop_back();
    }
    const auto put = refs_.emplace(std::string(text), ref).first;
    entries_[ref] = {put->first, 1};
    return ref;
}

void StringPool::release(Ref ref) {
    Entry& entry = entries_[ref];
    if (--entry.uses != 0)
        return;
    refs_.erase(refs_.find(entry.text));
    entry = {};
    free_.push_back(ref);
}

} // namespace roundabout::registration
