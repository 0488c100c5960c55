import { MillraceError } from '../kernel/errors.ts';

/** A definition cannot stand as it is written. `message` begins with where: `group user_engagement, feature clicks: …`. */
export class DefinitionError extends MillraceError {
  override readonly name = 'DefinitionError';
  /** What is wrong and what to do, without the place. */
  readonly detail: string;
  /** The kind and name of the definition, `group user_engagement`, once it is known. */
  readonly definition?: string;
  readonly feature?: string;

  constructor(
    detail: string,
    place: { readonly definition?: string; readonly feature?: string } = {},
    options?: ErrorOptions,
  ) {
    const where = [place.definition, place.feature === undefined ? undefined : `feature ${place.feature}`];
    const prefix = where.filter(part => part !== undefined).join(', ');
    super(prefix === '' ? detail : `${prefix}: ${detail}`, options);
    this.detail = detail;
    if (place.definition !== undefined) this.definition = place.definition;
    if (place.feature !== undefined) this.feature = place.feature;
  }
}

/** Runs `build`; a DefinitionError that does not yet know its place learns it here. */
export function within<T>(
  place: { readonly definition?: string; readonly feature?: string },
  build: () => T,
): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    const known = {
      ...place,
      ...(error.definition === undefined ? {} : { definition: error.definition }),
      ...(error.feature === undefined ? {} : { feature: error.feature }),
    };
    throw new DefinitionError(error.detail, known, { cause: error });
  }
}
