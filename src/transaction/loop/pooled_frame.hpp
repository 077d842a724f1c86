#pragma once

#include "transaction/loop/loop.hpp"

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace roundabout::transaction {

/// Base of the promises: puts a coroutine's frame into its Loop's pool. The Loop is the coroutine's
/// first parameter, or the first after the object for a member function; a coroutine without one
/// does not compile.
class PooledFrame {
  public:
    template <class... Arguments>
    static void* operator new(std::size_t size, Loop& loop, const Arguments&...) {
        return loop.frames().allocate(size);
    }
    template <class Self, class... Arguments>
        requires(!std::same_as<std::remove_cvref_t<Self>, Loop>)
    static void* operator new(std::size_t size, const Self&, Loop& loop, const Arguments&...) {
        return loop.frames().allocate(size);
    }
    static void operator delete(void* frame, std::size_t) noexcept { FramePool::release(frame); }
};

/// Base of an object that a coroutine owns and that takes its memory from the same pool, by
/// `new (loop) Object(...)`.
class PooledObject {
  public:
    static void* operator new(std::size_t size, Loop& loop) { return loop.frames().allocate(size); }
    static void operator delete(void* object, Loop&) noexcept { FramePool::release(object); }
    static void operator delete(void* object) noexcept { FramePool::release(object); }
};

} // namespace roundabout::transaction
