// A good body for each route of the local doors.
export const SALE = { touchpoint: "checkout", transaction: "4711", amount: 12.5, items: 3 };

/** Path, with a key where it takes one → body. */
export const BODIES: Readonly<Record<string, object>> = {
  "/v1/transactions": SALE,
  "/v1/shifts": { touchpoint: "checkout", action: "start", staff: "anna" },
  "/v1/services": { touchpoint: "checkout", action: "open", service: "w1" },
  "/v1/activities": { touchpoint: "checkout", action: "start" },
  "/v1/scans": { pad: "reader", code: "99123456" },
  "/v1/presses": { pad: "p1", button: "4" },
  "/v1/surveys": { touchpoint: "checkout", action: "start" },
  "/v1/alerts/k1/acknowledge": { by: "anna" },
  "/v1/alerts/k1/resolve": { by: "anna", cause: "queue" },
};
