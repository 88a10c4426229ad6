/** Names of users, as IAM allows them. Used where names come in: the configuration file and `ringback keys`. */

/** IAM API reference, CreateUser. */
export const userNamePattern = '^[A-Za-z0-9+=,.@_-]{1,64}$';
