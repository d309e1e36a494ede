// A doubly linked list whose links live in the elements: joining and leaving never allocate.
// Single-threaded.
#pragma once

#include "ringway/base/assert.h"

namespace ringway::base {

/// Base of an element; Tag lets one object stand in several lists. Linked exactly while it is in a
/// list.
template <class Tag>
struct ListLink {
    ListLink* previous = nullptr;
    ListLink* next = nullptr;

    bool linked() const { return next != nullptr; }

    void unlink() {
        previous->next = next;
        next->previous = previous;
        previous = next = nullptr;
    }
};

/// A list of T (which derives from ListLink<Tag>). The list owns nothing.
template <class T, class Tag>
class IntrusiveList {
 public:
    using Link = ListLink<Tag>;

    IntrusiveList() { head_.previous = head_.next = &head_; }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;

    bool empty() const { return head_.next == &head_; }

    void push_front(T& element) { insert(head_, element); }
    void push_back(T& element) { insert(*head_.previous, element); }

    /// The first element; the list must not be empty.
    T& front() { return static_cast<T&>(*head_.next); }
    T& back() { return static_cast<T&>(*head_.previous); }

    T& pop_front() {
        RW_ASSERT_HOT(!empty());
        T& element = front();
        static_cast<Link&>(element).unlink();
        return element;
    }

    /// Calls visit(element) for each; visit may unlink the element that it is given.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (Link* link = head_.next; link != &head_;) {
            Link* next = link->next;
            visit(static_cast<T&>(*link));
            link = next;
        }
    }

 private:
    static void insert(Link& after, T& element) {
        Link& link = element;
        RW_ASSERT_HOT(!link.linked());
        link.previous = &after;
        link.next = after.next;
        after.next->previous = &link;
        after.next = &link;
    }

    Link head_;
};

}  // namespace ringway::base
