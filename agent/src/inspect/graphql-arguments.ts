/** One argument of a field: a variable, or a literal that may be an id. */
export interface GraphqlArgument {
  readonly field: string;
  readonly name: string;
  /** Without `$` or quotes. */
  readonly value: string;
  readonly isVariable: boolean;
}

export interface GraphqlQuery {
  /** The first one's; empty for an anonymous one. */
  readonly operationName: string;
  readonly arguments: readonly GraphqlArgument[];
}

/** Strings, names, numbers, variables and punctuation of GraphQL (spec of October 2021, §2.1); the rest is ignored. */
const LEXEME =
  /"""[\s\S]*?"""|"(?:[^"\\\n]|\\.)*"|#[^\n]*|\$?[_A-Za-z][_0-9A-Za-z]*|-?\d+(?:\.\d+)?|[{}()[\]:"]/g;
const NAME = /^[_A-Za-z]/;
const MAX_ARGUMENTS = 64;

/**
 * The arguments of a query's fields, as far as they are simple: `order(id: 17)`, `orders(ids: [$a, $b])`. What is in
 * input objects is not looked at, nor what does not parse: the text is only read for what it says about ids.
 */
export function graphqlQuery(text: string): GraphqlQuery {
  const found: GraphqlArgument[] = [];
  let operationName = '';
  let field = '';
  let argument = '';
  let before = '';
  let parentheses = 0;
  let objects = 0;
  for (const [lexeme] of text.matchAll(LEXEME)) {
    // A string without an end: what follows can't be told apart, and looking for more of them takes forever.
    if (lexeme === '"') break;
    if (lexeme === '(') parentheses++;
    else if (lexeme === ')') {
      parentheses--;
      argument = '';
    } else if (parentheses > 0) {
      if (lexeme === '{') objects++;
      else if (lexeme === '}') objects--;
      else if (lexeme === ':' && objects === 0) argument = NAME.test(before) ? before : '';
      else if (argument !== '' && objects === 0 && isValue(lexeme, before) && found.length < MAX_ARGUMENTS)
        found.push(argumentOf(field, argument, lexeme));
    } else if (NAME.test(lexeme)) {
      if (operationName === '' && (before === 'query' || before === 'mutation') && field === before)
        operationName = lexeme;
      field = lexeme;
    }
    before = lexeme;
  }
  return { operationName, arguments: found };
}

/** Straight after the colon, or in the list that begins there; a name there is an enumeration's value. */
const isValue = (lexeme: string, before: string): boolean =>
  /^["$\d]/.test(lexeme) && (before === ':' || before === '[' || /^["$\d]/.test(before));

const argumentOf = (field: string, name: string, lexeme: string): GraphqlArgument => ({
  field,
  name,
  value: lexeme.replace(/^["$]+|"+$/g, ''),
  isVariable: lexeme.startsWith('$'),
});
