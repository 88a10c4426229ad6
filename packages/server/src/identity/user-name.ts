/** Names of users, as IAM allows them. Used where names come in: the configuration file and `ringback keys`. */

/** IAM API reference, CreateUser. */
export const userNamePattern = '^[A-Za-z0-9+=,.@_-]{1,64}$';

/** The same in words. */
export const userNameForm = 'a name of at most 64 letters, digits and "+=,.@_-"';
