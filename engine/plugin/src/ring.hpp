// A byte ring for one producer and one consumer: no lock, no allocation after construction.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

template <size_t Size>
class ByteRing {
    static_assert((Size & (Size - 1)) == 0, "the size is a power of two");

public:
    // Write two parts as one; false, and nothing written, where they do not fit.
    bool write(const void* first, size_t n_first, const void* second = nullptr, size_t n_second = 0) {
        const uint64_t head = head_.load(std::memory_order_relaxed);
        const uint64_t tail = tail_.load(std::memory_order_acquire);
        if (Size - (head - tail) < n_first + n_second) return false;
        copy_in(head, first, n_first);
        if (n_second) copy_in(head + n_first, second, n_second);
        head_.store(head + n_first + n_second, std::memory_order_release);
        return true;
    }

    // Read up to n bytes; returns how many.
    size_t read_some(void* to, size_t n) {
        const uint64_t tail = tail_.load(std::memory_order_relaxed);
        const size_t there = head_.load(std::memory_order_acquire) - tail;
        if (there < n) n = there;
        const size_t at = tail & (Size - 1), first = n < Size - at ? n : Size - at;
        std::memcpy(to, data_ + at, first);
        std::memcpy(static_cast<uint8_t*>(to) + first, data_, n - first);
        tail_.store(tail + n, std::memory_order_release);
        return n;
    }

    // Read n bytes or none.
    bool read(void* to, size_t n) {
        const uint64_t tail = tail_.load(std::memory_order_relaxed);
        return head_.load(std::memory_order_acquire) - tail >= n && read_some(to, n) == n;
    }

    // Forget what is there; for the consumer.
    void clear() { tail_.store(head_.load(std::memory_order_acquire), std::memory_order_release); }

private:
    alignas(64) std::atomic<uint64_t> head_{0};
    alignas(64) std::atomic<uint64_t> tail_{0};
    alignas(64) uint8_t data_[Size];

    void copy_in(uint64_t position, const void* from, size_t n) {
        const size_t at = position & (Size - 1), first = n < Size - at ? n : Size - at;
        std::memcpy(data_ + at, from, first);
        std::memcpy(data_, static_cast<const uint8_t*>(from) + first, n - first);
    }
};
