#pragma once

#include <cstddef>

#include "base/ensure.h"

namespace penstock {

// A link of an intrusive, circular, doubly linked list: an object may be in one list per Link base.
// Nothing is allocated; an object must leave its list before it is destroyed.
template <class Tag = void>
class Link {
 public:
  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { unlink(); }

  bool linked() const { return next_ != this; }
  void unlink() {
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = this;
  }

 private:
  template <class T, class U>
  friend class List;
  Link* next_ = this;
  Link* previous_ = this;
};

// The list itself; T derives from Link<Tag>. Destroying a list leaves its members unlinked.
template <class T, class Tag = void>
class List {
 public:
  List() = default;
  ~List() { clear(); }

  bool empty() const { return !head_.linked(); }
  void push_back(T& item) { insert(*head_.previous_, item); }
  void push_front(T& item) { insert(head_, item); }
  T& front() { return static_cast<T&>(*head_.next_); }
  T& back() { return static_cast<T&>(*head_.previous_); }
  T* pop_front() {
    if (empty()) return nullptr;
    T& item = front();
    static_cast<Link<Tag>&>(item).unlink();
    return &item;
  }
  T* pop_back() {
    if (empty()) return nullptr;
    T& item = back();
    static_cast<Link<Tag>&>(item).unlink();
    return &item;
  }
  void clear() {
    while (pop_front() != nullptr) {
    }
  }
  // Moves all members to the end of `other`.
  void move_to(List& other) {
    while (T* item = pop_front()) other.push_back(*item);
  }
  // The first of the `most` at the front for which wanted(T&) holds; nullptr if none.
  template <class F>
  T* find(F&& wanted, std::size_t most) {
    for (auto* link = head_.next_; link != &head_ && most > 0; link = link->next_, --most)
      if (auto& item = static_cast<T&>(*link); wanted(item)) return &item;
    return nullptr;
  }
  // Calls f(T&) for each; f may unlink the one it is given, and no other.
  template <class F>
  void each(F&& f) {
    for (auto* link = head_.next_; link != &head_;) {
      auto* next = link->next_;
      f(static_cast<T&>(*link));
      link = next;
    }
  }

 private:
  void insert(Link<Tag>& after, Link<Tag>& item) {
    ensure(!item.linked());
    item.previous_ = &after;
    item.next_ = after.next_;
    after.next_->previous_ = &item;
    after.next_ = &item;
  }
  Link<Tag> head_;
};

}  // namespace penstock
