/**
 * An agent says that they telephone.
 *
 * @module
 */

import { request } from "../lib/http.js";

/**
 * @param {string} address
 * @param {FormData} body with the token of the form
 * @returns {Promise<"" | "refused" | "failed">} empty: the server has taken it; "failed": it may not have been asked
 */
export async function sayOnPhone(address, body) {
  const headers = { Accept: "application/json" };
  try {
    const said = await request(address, { method: "POST", body, headers, redirect: "manual" });
    if (said.ok) return (await said.json()).phone ? "" : "refused";
  } catch {
    // No network. It can be said again, and without a line the page says so as well.
  }
  return "failed";
}
