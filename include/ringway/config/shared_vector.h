// A sequence whose elements are shared between copies of it.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace ringway::config {

/// What a configuration and the one before it have in common exists once, and lives as long as
/// either, or whoever keeps share(). Constant once it is shared: the builder of a configuration
/// alone writes through operator[], before anybody else sees it. Not thread-safe while it is built.
template <class T>
class SharedVector {
    using Elements = std::vector<std::shared_ptr<T>>;

 public:
    using value_type = T;
    using reference = T&;
    using const_reference = const T&;

    SharedVector() = default;
    SharedVector(std::initializer_list<T> elements) {
        for (const T& element : elements) push_back(element);
    }

    std::size_t size() const { return elements_.size(); }
    bool empty() const { return elements_.empty(); }
    void reserve(std::size_t size) { elements_.reserve(size); }
    void clear() { elements_.clear(); }
    void resize(std::size_t size) {
        const std::size_t before = elements_.size();
        elements_.resize(size);
        for (std::size_t i = before; i < size; ++i) elements_[i] = std::make_shared<T>();
    }

    T& operator[](std::size_t index) { return *elements_[index]; }
    const T& operator[](std::size_t index) const { return *elements_[index]; }
    T& at(std::size_t index) { return *elements_.at(index); }
    const T& at(std::size_t index) const { return *elements_.at(index); }
    T& front() { return *elements_.front(); }
    const T& front() const { return *elements_.front(); }
    T& back() { return *elements_.back(); }
    const T& back() const { return *elements_.back(); }
    void push_back(T element) { elements_.push_back(std::make_shared<T>(std::move(element))); }
    template <class... Args>
    T& emplace_back(Args&&... args) {
        return *elements_.emplace_back(std::make_shared<T>(std::forward<Args>(args)...));
    }

    /// Elements of its own, equal to those that it shared.
    void unshare() {
        for (auto& element : elements_) element = std::make_shared<T>(*element);
    }
    /// The element itself, to be kept beyond this sequence, or to be put into another.
    std::shared_ptr<const T> share(std::size_t index) const { return elements_[index]; }
    void take_over(std::size_t index, const SharedVector& from, std::size_t index_there) {
        elements_[index] = from.elements_[index_there];
    }
    void replace(std::size_t index, T element) {
        elements_[index] = std::make_shared<T>(std::move(element));
    }
    bool is_shared_with(const SharedVector& other, std::size_t index) const {
        return index < other.size() && elements_[index] == other.elements_[index];
    }

    template <class Inner, class Element>
    class Iterator {
     public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        using reference = Element&;
        using pointer = Element*;
        using iterator_category = std::random_access_iterator_tag;
        Iterator() = default;
        explicit Iterator(Inner at) : at_(at) {}
        Element& operator*() const { return **at_; }
        Element* operator->() const { return at_->get(); }
        Element& operator[](std::ptrdiff_t n) const { return *at_[n]; }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        Iterator operator++(int) { return Iterator(at_++); }
        Iterator& operator--() {
            --at_;
            return *this;
        }
        Iterator operator--(int) { return Iterator(at_--); }
        Iterator& operator+=(std::ptrdiff_t n) {
            at_ += n;
            return *this;
        }
        Iterator& operator-=(std::ptrdiff_t n) {
            at_ -= n;
            return *this;
        }
        friend Iterator operator+(Iterator a, std::ptrdiff_t n) { return a += n; }
        friend Iterator operator+(std::ptrdiff_t n, Iterator a) { return a += n; }
        friend Iterator operator-(Iterator a, std::ptrdiff_t n) { return a -= n; }
        friend std::ptrdiff_t operator-(const Iterator& a, const Iterator& b) {
            return a.at_ - b.at_;
        }
        auto operator<=>(const Iterator&) const = default;

     private:
        Inner at_{};
    };
    auto begin() { return Iterator<typename Elements::iterator, T>(elements_.begin()); }
    auto end() { return Iterator<typename Elements::iterator, T>(elements_.end()); }
    auto begin() const {
        return Iterator<typename Elements::const_iterator, const T>(elements_.begin());
    }
    auto end() const {
        return Iterator<typename Elements::const_iterator, const T>(elements_.end());
    }

 private:
    Elements elements_;
};

}  // namespace ringway::config
