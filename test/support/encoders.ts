/** A text in which every encoder shows itself, and what each of them makes of it. */
export const DRINK = '少糖(热)! 加*冰~/';
export const WRITTEN: Readonly<Record<string, string>> = {
  'Go url.QueryEscape': '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0%2A%E5%86%B0~%2F',
  'Java URLEncoder': '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0*%E5%86%B0%7E%2F',
  'PHP urlencode': '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0%2A%E5%86%B0%7E%2F',
  'PHP rawurlencode': '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21%20%E5%8A%A0%2A%E5%86%B0~%2F',
  'Python quote_plus': '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0%2A%E5%86%B0~%2F',
  'Python quote': '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21%20%E5%8A%A0%2A%E5%86%B0~/',
  'JavaScript encodeURIComponent': '%E5%B0%91%E7%B3%96(%E7%83%AD)!%20%E5%8A%A0*%E5%86%B0~%2F',
  'JavaScript URLSearchParams': '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21+%E5%8A%A0*%E5%86%B0%7E%2F',
  '.NET WebUtility': '%E5%B0%91%E7%B3%96(%E7%83%AD)!+%E5%8A%A0*%E5%86%B0%7E%2F',
  '.NET HttpUtility': '%e5%b0%91%e7%b3%96(%e7%83%ad)!+%e5%8a%a0*%e5%86%b0%7e%2f',
  '.NET Uri.EscapeDataString': '%E5%B0%91%E7%B3%96%28%E7%83%AD%29%21%20%E5%8A%A0%2A%E5%86%B0~%2F',
  'only what is not ASCII': '%E5%B0%91%E7%B3%96(%E7%83%AD)! %E5%8A%A0*%E5%86%B0~/',
};
