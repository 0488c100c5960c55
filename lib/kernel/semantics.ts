/**
 * Semantics flags: each number stands for one way of computing values. A Plan lists those its values follow; a
 * change of behaviour gets a new number, and code keeps the old way for Plans that do not list it.
 *
 * 1  windows by hops of 5 minutes, 1 hour and 1 day; time is the earlier of event and arrival time (DESIGN, rules
 *    1 and 2); order is (time, eventId, position); hashes are `hash53`.
 */
export const currentSemantics: readonly number[] = [1];
