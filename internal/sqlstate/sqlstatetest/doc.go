// Package sqlstatetest has the tests that stores over SQL databases must pass in addition to
// statetest.
package sqlstatetest
